// What all live views share: they say who looks, tell when nothing comes any more, and can be
// stopped. A view's own module stands below this one and exports liveView({ build }):
// build(body, seen) fills an element and returns a function that draws what seen has now.
// seen.about is what Python says about the view, seen.news the newest news, oldest first.

const MOST_NEWS = 150;
const UNANSWERED = 6; // beats after which a sign of life without an answer is repeated
const LEAST_PATIENCE = 10; // seconds without news before that is said

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
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
  };
};

/** A line that says what is unusual, also to those who do not see it. */
const statusLine = (seen) => {
  const line = element("p", { className: "dlm-note dlm-live-status" });
  line.setAttribute("role", "status");
  let stoppedAt = null;
  const say = (text) => {
    if (line.textContent !== text) line.textContent = text;
  };
  const look = () => {
    const silent = (Date.now() - seen.heardAt) / 1000;
    const patience = Math.max(LEAST_PATIENCE, 5 * seen.about.period);
    if (stoppedAt !== null && Date.now() - stoppedAt > 1500) {
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
    close: () => clearInterval(timer),
  };
};

const liveView = (view) => () => {
  const seen = { about: {}, news: [], heardAt: Date.now() };
  const redraws = new Set();
  let present = null;

  const returned = () => {
    seen.heardAt = Date.now(); // while the page was hidden nothing could come
  };

  const initialize = ({ model }) => {
    const send = (message) => {
      try {
        model.send(message);
      } catch {
        // The kernel is gone; the line of status says so soon.
      }
    };
    seen.about = model.get("about");
    seen.news = model.get("recent");
    present = presence(send, model.get("heartbeat"));
    document.addEventListener("visibilitychange", returned);
    model.on("msg:custom", (message) => {
      if (message.kind === "heard") present.answered(message.page);
      if (message.kind !== "news") return;
      seen.heardAt = Date.now();
      seen.about = message.news.about ?? seen.about;
      seen.news = [...seen.news, message.news].slice(-MOST_NEWS);
      redraws.forEach((redraw) => redraw());
    });
    return () => document.removeEventListener("visibilitychange", returned);
  };

  const render = ({ model, el }) => {
    const body = element("div", { className: "dlm-live-body" });
    const status = statusLine(seen);
    const button = element("button", { type: "button", className: "dlm-live-stop" }, "Stop");
    button.setAttribute("aria-label", `Stop: ${seen.about.title}`);
    button.addEventListener("click", () => {
      model.send({ kind: "stop" });
      button.disabled = true;
      status.stopping();
    });
    const head = element("div", { className: "dlm-live-head" }, seen.about.title, button);
    const section = element("section", { className: "dlm dlm-live" }, head, body, status.line);
    section.setAttribute("aria-label", seen.about.title);
    el.append(section);
    const redraw = view.build(body, seen);
    redraws.add(redraw);
    redraw();
    seen.heardAt = Date.now();
    present.open();
    return () => {
      redraws.delete(redraw);
      status.close();
      present.close();
    };
  };

  return { initialize, render };
};
