// What all live views share: they say who looks, tell when nothing comes any more, and can be
// stopped. A view's own module stands below this one and exports liveView({ build }):
// build(body, seen, frame) fills an element and returns a function that draws what seen has now.
// seen.about is what Python says about the view, seen.news the newest news, oldest first; a view
// that keeps them in another way does so in keep(seen, news).
// frame has send and ask, the head with its Stop button, say(text) for the line of status, and a
// signal that is aborted when the view is closed. stop(seen, frame) ends it in another way than
// by asking the kernel, and resolves to what there is to say.

const MOST_NEWS = 150;
const UNANSWERED = 6; // beats after which a sign of life without an answer is repeated
const LEAST_PATIENCE = 10; // seconds without news before that is said

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

/** Room for a table that may be wide: who has no mouse scrolls it by the keys. */
const scrolling = (name, table) => {
  const made = element("div", { className: "dlm-scroll", tabIndex: 0 }, table);
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", name);
  return made;
};

/** Tells the kernel whether anybody looks: when that changes, and every few seconds. */
const presence = (send, beatSeconds) => {
  const page = `page-${Math.random().toString(36).slice(2)}`;
  let views = 0;
  let said = null;
  let unanswered = 0;
  let timer = null;

  const beat = () => {
    const visible = views > 0 && document.visibilityState !== "hidden";
    if (visible === said) {
      if (!visible) return;
      if (unanswered > 0 && unanswered < UNANSWERED) {
        unanswered += 1;
        return;
      }
    }
    said = visible;
    unanswered = 1;
    send({ kind: "here", page, visible });
  };

  const leave = () => {
    if (said) send({ kind: "here", page, visible: false });
    said = false;
  };

  return {
    open() {
      views += 1;
      if (views === 1) {
        timer = setInterval(beat, beatSeconds * 1000);
        document.addEventListener("visibilitychange", beat);
        window.addEventListener("pagehide", leave);
      }
      beat();
    },
    close() {
      views -= 1;
      if (views > 0) return;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", beat);
      window.removeEventListener("pagehide", leave);
      leave();
    },
    answered(toPage) {
      if (toPage === page) unanswered = 0;
    },
    /** Whether the kernel reads what pages say; it may not while a cell runs. */
    isHeard: () => unanswered === 0,
  };
};

/** What pages say to the kernel, and what it answers. */
const linkTo = (model) => {
  const waiting = new Map();
  const send = (message) => {
    try {
      model.send(message);
    } catch {
      // The kernel is gone; the line of status says so soon.
    }
  };
  return {
    send,
    answered: (message) => waiting.get(message.to)?.(message.text),
    /** The answer; null where none comes soon. */
    ask(message, patience = 500) {
      const id = Math.random().toString(36).slice(2);
      return new Promise((resolve) => {
        const done = (answer) => {
          waiting.delete(id);
          resolve(answer);
        };
        waiting.set(id, done);
        setTimeout(() => done(null), patience);
        send({ ...message, id });
      });
    },
  };
};

/** A line that says what is unusual, also to those who do not see it. */
const statusLine = (seen) => {
  const line = element("p", { className: "dlm-note dlm-live-status" });
  line.setAttribute("role", "status");
  let stoppedAt = null;
  let said = "";
  const say = (text) => {
    if (line.textContent !== text) line.textContent = text;
  };
  const look = () => {
    const silent = (Date.now() - seen.heardAt) / 1000;
    const patience = Math.max(LEAST_PATIENCE, 5 * (seen.about.period ?? Infinity));
    if (said) {
      say(said);
    } else if (stoppedAt !== null && Date.now() - stoppedAt > 1500) {
      say("Stopping: the kernel hears it when the running cell has ended.");
    } else if (stoppedAt !== null) {
      say("Stopping…");
    } else if (document.visibilityState !== "hidden" && silent > patience) {
      say(`Nothing new for ${Math.round(silent)} s: the kernel may have ended.`);
    } else {
      say("");
    }
  };
  const timer = setInterval(look, 1000);
  return {
    line,
    stopping() {
      stoppedAt = Date.now();
      look();
    },
    /** Say this from now on; nothing of its own with an empty text. */
    say(text) {
      said = text;
      look();
    },
    close: () => clearInterval(timer),
  };
};

const liveView = (view) => () => {
  const seen = { about: {}, news: [], heardAt: Date.now(), isHeard: () => true };
  const redraws = new Set();
  let present = null;
  let link = null;

  const keepNewest = (_, news) => {
    seen.news = [...seen.news, news].slice(-MOST_NEWS);
  };
  const keep = view.keep ?? keepNewest;

  const returned = () => {
    seen.heardAt = Date.now(); // while the page was hidden nothing could come
  };

  const initialize = ({ model }) => {
    link = linkTo(model);
    seen.about = model.get("about");
    model.get("recent").forEach((news) => keep(seen, news));
    present = presence(link.send, model.get("heartbeat"));
    seen.isHeard = present.isHeard;
    document.addEventListener("visibilitychange", returned);
    model.on("msg:custom", (message, buffers) => {
      if (message.kind === "heard") present.answered(message.page);
      if (message.kind === "answer") link.answered(message);
      if (message.kind !== "news") return;
      seen.heardAt = Date.now();
      seen.about = message.news.about ?? seen.about;
      keep(seen, { ...message.news, buffers });
      redraws.forEach((redraw) => redraw());
    });
    return () => document.removeEventListener("visibilitychange", returned);
  };

  const render = ({ model, el }) => {
    const body = element("div", { className: "dlm-live-body" });
    const status = statusLine(seen);
    const button = element("button", { type: "button", className: "dlm-live-stop" }, "Stop");
    button.setAttribute("aria-label", `Stop: ${seen.about.title}`);
    const leaving = new AbortController();
    const frame = { ...link, button, signal: leaving.signal, say: status.say };
    button.addEventListener("click", async () => {
      button.disabled = true;
      if (view.stop) {
        status.say(await view.stop(seen, frame));
      } else {
        link.send({ kind: "stop" });
        status.stopping();
      }
    });
    const head = element("div", { className: "dlm-live-head" }, seen.about.title, button);
    const section = element("section", { className: "dlm dlm-live" }, head, body, status.line);
    section.setAttribute("aria-label", seen.about.title);
    el.append(section);
    const redraw = view.build(body, seen, { ...frame, head, section });
    redraws.add(redraw);
    redraw();
    seen.heardAt = Date.now();
    present.open();
    return () => {
      redraws.delete(redraw);
      leaving.abort();
      status.close();
      present.close();
    };
  };

  return { initialize, render };
};
