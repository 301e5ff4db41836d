// The whole view: what it costs, the map, what was found, and the chosen layer.

const TOP = 3; // pixels above the map, for the frame of its first row
const WAIT = "The kernel is busy: it hears this when the cell has ended.";

/** Colours and font of the page, as a canvas needs them. */
const lookOf = (probe) => {
  const colour = (name) => {
    probe.style.color = `var(--dlm-${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["text", "muted", "faint", "curve", "bad", "ground"];
  const look = Object.fromEntries(names.map((name) => [name, colour(name)]));
  const [red, green, blue] = look.text.match(/[\d.]+/g).map(Number);
  const shades = COLOURS[red + green + blue > 384 ? "dark" : "light"];
  return { ...look, ...shades, alarm: look.bad, font: `12px ${getComputedStyle(probe).fontFamily}` };
};

const costOf = ({ overhead, paused }) => {
  if (!overhead?.steps) return "waiting for the first step";
  const every = overhead.every > 1 ? `, now one in ${counted(overhead.every)}` : "";
  const share = overhead.share === null ? "" : ` · ${(100 * overhead.share).toFixed(1)} % overhead`;
  const count = `step ${counted(overhead.steps)} · ${counted(overhead.sampled)} measured${every}`;
  return `${count}${share}${paused ? " · paused" : ""}`;
};

const button = (text, press) => {
  const made = element("button", { type: "button", className: "dlm-live-stop" }, text);
  made.addEventListener("click", press);
  return made;
};

/** Pause, the measure and the layers: what the reader may change. */
const controls = (seen, { ask }, changed) => {
  const told = element("span", { className: "dlm-note" });
  told.setAttribute("role", "status");
  const request = async (message, done) => {
    const answer = await ask(message);
    told.textContent = answer === null ? WAIT : answer || done;
  };
  const options = seen.about.measures.map(({ title }, k) => element("option", { value: k }, title));
  const measure = element("select", {}, ...options);
  measure.addEventListener("change", () => {
    seen.measure = Number(measure.value);
    changed();
  });
  const pattern = element("input", { type: "search", placeholder: "all, or such as encoder.*", size: 22 });
  pattern.addEventListener("change", () =>
    request({ kind: "choose", pattern: pattern.value }, "From the next step on."));
  const pause = button("Pause", () => request({ kind: seen.state?.paused ? "resume" : "pause" }, ""));
  const labelled = (text, control) => element("label", {}, `${text} `, control);
  const row = element("div", { className: "dlm-watch-controls" });
  row.append(labelled("Show", measure), labelled("Layers", pattern), told);
  return { row, pause };
};

/** What the colours mean, in numbers. */
const legendOf = (scale, measure, look) => {
  const stops = measure.scale === "around" ? look.around : look.rising;
  const bar = element("span", { className: "dlm-watch-bar" });
  bar.style.background = `linear-gradient(to right, ${stops.join()})`;
  const bad = element("span", { className: "dlm-watch-bad" });
  bad.style.background = look.broken;
  const ends = measure.scale === "count" ? ["none", "some"] : [scale.low, scale.high].map(nice);
  return [ends[0], bar, ends[1], bad, "NaN or Inf"];
};

const findingButton = (seen, finding, select) => {
  const text = element("span", {}, finding.text, finding.try && element("em", {}, ` ${finding.try}`));
  const made = element("button", { type: "button", className: `dlm-watch-finding dlm-watch-${finding.level}` }, text);
  made.addEventListener("click", () => select(seen.about.layers.findIndex(([path]) => path === finding.layer)));
  return made;
};

export default liveView({
  keep: keepNews,
  stop: stopTraining,
  build(body, seen, frame) {
    const { about } = seen;
    Object.assign(seen, { past: seen.past ?? emptyPast(about), measure: 0, selected: -1 });
    const cost = element("span", { className: "dlm-watch-cost dlm-note" });
    const loss = element("canvas", { hidden: !about.loss });
    const canvas = element("canvas", { tabIndex: 0 });
    const steps = element("div", { className: "dlm-watch-steps dlm-note" });
    const legend = element("span", { className: "dlm-watch-legend dlm-note" });
    const findings = element("div", { className: "dlm-watch-findings" });
    const probe = element("span", { hidden: true });
    const panel = layerPanel(seen);
    let rows = [];
    let place = null;
    let colours = null;
    let pending = false;

    const select = (layer) => {
      if (layer < 0 || layer === seen.selected) return;
      seen.selected = layer;
      frame.send({ kind: "select", layer: about.layers[layer][0] });
      later();
    };

    const layOut = () => {
      const width = body.clientWidth - 2;
      const left = Math.min(190, Math.round(width * 0.24));
      const set = seen.past.set?.indices ?? [];
      rows = [...set].filter((layer) => seen.past.known[seen.measure][layer]);
      const height = Math.min(Math.max(rows.length * 20, 80), 300);
      place = { left, top: TOP, width: width - left - 2, height, each: height / Math.max(rows.length, 1) };
      if (seen.selected < 0 && rows.length) select(about.layers.findIndex(([path]) => path === seen.detail?.layer));
      if (seen.selected < 0) select(rows[0] ?? -1);
    };

    const recolour = (look) => {
      const measure = about.measures[seen.measure];
      const scale = scaleOf(measure, seen.past.exponents[seen.measure]);
      const key = [seen.measure, scale.low, scale.high, look.text].join();
      if (colours?.key === key) return;
      const stops = measure.scale === "around" ? look.around : look.rising;
      colours = { key, broken: look.broken, pixels: pixelsOf(scale, stops, look.broken) };
      legend.replaceChildren(...legendOf(scale, measure, look));
    };

    const drawLoss = (axis, look) => {
      const points = seen.past.losses.filter((each) => Number.isFinite(each[1]));
      const values = points.map((each) => each[1]);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const context = canvasOf(loss, place.left + place.width + 2, 62);
      const box = { left: place.left, top: 6, width: place.width, height: 50 };
      context.fillStyle = look.ground;
      context.fillRect(box.left, 2, box.width, 58);
      drawLine(context, points.map(([step, v]) => [axis.place(step), (v - low) / (high - low || 1)]), box, look.curve);
      context.font = `600 ${look.font}`;
      context.fillStyle = look.text;
      context.textAlign = "right";
      context.fillText(`${about.loss} ${nice(seen.past.losses.at(-1)?.[1])}`, place.left - 12, 36);
      context.font = look.font;
      context.fillStyle = look.muted;
      [[high, 12], [low, 57]].forEach(([value, y]) => values.length && context.fillText(nice(value), place.left - 12, y));
    };

    const speak = () => {
      const [path, kind] = about.layers[seen.selected] ?? [];
      const column = seen.past.columns.at(-1);
      const at = column?.set.place[seen.selected] ?? -1;
      const code = at < 0 ? UNKNOWN : column.codes[seen.measure * column.set.indices.length + at];
      const text = `${path || about.model}, ${kind}: ${about.measures[seen.measure].title} ${nice(numberOf(code))}`;
      canvas.setAttribute("aria-valuetext", text);
      canvas.setAttribute("aria-valuemax", rows.length);
      canvas.setAttribute("aria-valuenow", rows.indexOf(seen.selected) + 1);
    };

    const draw = () => {
      pending = false;
      const began = performance.now();
      const look = lookOf(probe);
      layOut();
      recolour(look);
      const axis = stepAxis(seen.past);
      drawMap(canvas, seen, axis, rows, place, { ...look, ...colours });
      if (about.loss) drawLoss(axis, look);
      panel.draw(axis, look);
      speak();
      cost.textContent = costOf(seen.state ?? {});
      pause.textContent = seen.state?.paused ? "Resume" : "Pause";
      const ends = [axis.first, axis.first + axis.span / 2, axis.first + axis.span - axis.each];
      steps.style.marginLeft = `${place.left}px`;
      steps.replaceChildren(...ends.map((step) => element("span", {}, `step ${counted(step)}`)));
      const drawn = { sent: seen.state?.sent, took: performance.now() - began };
      body.dispatchEvent(new CustomEvent("dlmagic-drawn", { bubbles: true, detail: drawn }));
    };

    const later = () => {
      if (!pending) requestAnimationFrame(draw);
      pending = true;
    };

    const moves = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };
    canvas.addEventListener("keydown", (event) => {
      if (!(event.key in moves)) return;
      event.preventDefault();
      const to = rows.indexOf(seen.selected) + moves[event.key];
      select(rows[Math.min(Math.max(to, 0), rows.length - 1)]);
    });
    canvas.addEventListener("click", ({ offsetY }) =>
      select(rows[Math.floor((offsetY - TOP) / place.each)] ?? -1));
    const about_ = { role: "slider", "aria-label": "Layer", "aria-orientation": "vertical", "aria-valuemin": 1 };
    Object.entries(about_).forEach(([name, value]) => canvas.setAttribute(name, value));

    let told = null;
    const tellFindings = () => {
      const all = seen.state?.findings ?? [];
      if (all === told) return;
      told = all;
      findings.replaceChildren(...all.map((each) => findingButton(seen, each, select)));
    };

    const { row, pause } = controls(seen, frame, later);
    frame.head.insertBefore(pause, frame.button);
    frame.head.insertBefore(cost, pause);
    const below = element("div", { className: "dlm-watch-below" }, steps, legend);
    const notes = about.notes.map((text) => element("p", { className: "dlm-note" }, text));
    body.append(row, loss, canvas, below, findings, panel.made, ...notes, probe);

    const { signal } = frame;
    const observers = [new ResizeObserver(later), new MutationObserver(later)];
    observers[0].observe(body);
    observers[1].observe(document.body, { attributes: true });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later, { signal });
    signal.addEventListener("abort", () => observers.forEach((each) => each.disconnect()));
    explainStop(seen, frame).then((explain) => {
      const timer = setInterval(explain, 1000);
      signal.addEventListener("abort", () => clearInterval(timer));
    });
    frame.send({ kind: "snapshot" });
    return () => {
      tellFindings();
      later();
    };
  },
});
