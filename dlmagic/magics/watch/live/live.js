// The whole view: what it costs, the map, what was found, and the chosen layer.

const WAIT = "The kernel is busy: it hears this when the cell has ended.";

/** Colours and font of the page, as a canvas needs them. */
const lookOf = (probe) => {
  const look = {};
  for (const name of ["text", "muted", "faint", "line", "curve", "bad", "ground"]) {
    probe.style.color = `var(--dlm-${name})`;
    look[name] = getComputedStyle(probe).color;
  }
  const bright = look.text.match(/[\d.]+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0);
  return { ...look, ...COLOURS[bright > 384 ? "dark" : "light"], font: `12px ${getComputedStyle(probe).fontFamily}` };
};

const costOf = ({ overhead, paused }) => {
  if (!overhead?.steps) return "waiting for the first step";
  const every = overhead.every > 1 ? `, now one in ${counted(overhead.every)}` : "";
  const once = overhead.once < 0.05 ? "" : `, and ${overhead.once.toFixed(1)} s once`;
  const share = overhead.share === null ? "" : ` · ${(100 * overhead.share).toFixed(1)} % overhead${once}`;
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
const legendOf = (scale, measure, stops, look) => {
  const bar = element("span", { className: "dlm-watch-bar" });
  bar.style.background = `linear-gradient(to right, ${stops.join()})`;
  const bad = element("span", { className: "dlm-watch-bad" });
  bad.style.background = look.broken;
  const ends = measure.scale === "count" ? ["none", "some"] : [nice(scale.low), nice(scale.high)];
  return [ends[0], bar, ends[1], bad, "NaN or Inf"];
};

const findingButton = (seen, finding, select) => {
  const text = element("span", {}, finding.text, finding.try && element("em", {}, ` ${finding.try}`));
  const made = element("button", { type: "button", className: `dlm-watch-finding dlm-watch-${finding.level}` }, text);
  made.addEventListener("click", () => select(seen.about.layers.findIndex(([path]) => path === finding.layer)));
  return made;
};

/** Draws anew where the size or the colours of the page are others. */
const watchStyle = (body, restyle, signal) => {
  const observers = [new ResizeObserver(restyle), new MutationObserver(restyle)];
  observers[0].observe(body);
  observers[1].observe(document.body, { attributeFilter: ["class", "data-jp-theme-light", "style"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle, { signal });
  signal.addEventListener("abort", () => observers.forEach((each) => each.disconnect()));
};

/** The loss, over the same steps as the map. */
const drawLoss = (canvas, seen, axis, { left, width }, look) => {
  const { losses } = seen.past;
  const points = losses.filter((each) => Number.isFinite(each[1]));
  const values = points.map((each) => each[1]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const context = cleared(canvas, left + width + 2, 60);
  filled(context, look.ground, left, 0, width, 60);
  losses.filter((each) => !Number.isFinite(each[1])).forEach(([step]) =>
    filled(context, look.broken, left + axis.place(step) * width, 0, 2, 60));
  const curve = points.map(([step, value]) => [axis.place(step), (value - low) / (high - low || 1)]);
  drawLine(context, curve, look.curve, left, 5, width, 50);
  Object.assign(context, { textAlign: "right", textBaseline: "middle" });
  const write = (text, y, weight, colour) => {
    Object.assign(context, { font: `${weight} ${look.font}`, fillStyle: colour });
    context.fillText(text, left - 12, y);
  };
  write(`${seen.about.loss} ${nice(losses.at(-1)?.[1], 4)}`, 30, 600, look.text);
  if (high > low) [[high, 8], [low, 52]].forEach(([value, y]) => write(nice(value, 4), y, 400, look.muted));
};

const MOVES = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };
const SLIDER = {
  role: "slider",
  "aria-label": "Layer",
  "aria-orientation": "vertical",
  "aria-valuemin": 1,
  "data-lm-suppress-shortcuts": "true", // in JupyterLab the arrows would choose another cell
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
    const legend = element("div", { className: "dlm-watch-legend dlm-note" });
    const findings = element("div", { className: "dlm-watch-findings" });
    const probe = element("span", { hidden: true });
    const panel = layerPanel(seen);
    const ends = [0, 1, 2].map(() => element("span"));
    let [rows, place, look, colours, told] = [[], null, null, null, null];
    let pending = false;

    const select = (layer) => {
      if (layer < 0 || layer === seen.selected) return;
      seen.selected = layer;
      frame.send({ kind: "select", layer: about.layers[layer][0] });
      later();
    };

    const layOut = () => {
      const left = Math.min(190, Math.round(body.clientWidth * 0.24));
      const known = seen.past.known[seen.measure];
      rows = [...(seen.past.set?.indices ?? [])].filter((layer) => known[layer]);
      const height = Math.min(Math.max(rows.length * 20, 80), 300);
      place = { left, width: body.clientWidth - left - 4, height, each: height / Math.max(rows.length, 1) };
      if (seen.selected < 0) select(about.layers.findIndex(([path]) => path === seen.detail?.layer));
      if (seen.selected < 0) select(rows[0] ?? -1);
    };

    const recolour = () => {
      const measure = about.measures[seen.measure];
      const scale = scaleOf(measure, seen.past.exponents[seen.measure]);
      const key = [seen.measure, scale.low, scale.high, look.text].join();
      if (colours?.key === key) return;
      const stops = measure.scale === "around" ? look.around : look.rising;
      colours = { key, pixels: pixelsOf(scale, stops, look.broken) };
      legend.replaceChildren(...legendOf(scale, measure, stops, look));
    };

    const write = (axis) => {
      cost.textContent = costOf(seen.state ?? {});
      pause.textContent = seen.state?.paused ? "Resume" : "Pause";
      steps.style.marginLeft = `${place.left}px`;
      const shown = [0, axis.span / 2, axis.span - axis.each];
      shown.forEach((each, k) => (ends[k].textContent = `step ${counted(axis.first + each)}`));
      const [path, kind] = about.layers[seen.selected] ?? [];
      const [last] = courseOf(seen.past, [seen.past.columns.length], seen.selected, seen.measure);
      const spoken = {
        "aria-valuemax": rows.length,
        "aria-valuenow": rows.indexOf(seen.selected) + 1,
        "aria-valuetext": `${path || about.model}, ${kind}: ${about.measures[seen.measure].title} ${nice(last?.[1])}`,
      };
      Object.entries(spoken).forEach(([name, value]) => canvas.setAttribute(name, value));
    };

    const tellFindings = () => {
      if (told === seen.state?.findings) return;
      told = seen.state.findings;
      findings.replaceChildren(...told.map((each) => findingButton(seen, each, select)));
    };

    const draw = () => {
      pending = false;
      const began = performance.now();
      look ??= lookOf(probe);
      layOut();
      recolour();
      const axis = stepAxis(seen.past);
      drawMap(canvas, seen, axis, rows, place, look, colours);
      if (about.loss) drawLoss(loss, seen, axis, place, look);
      panel.draw(axis, look);
      tellFindings();
      write(axis);
      const detail = { sent: seen.state?.sent, took: performance.now() - began };
      body.dispatchEvent(new CustomEvent("dlmagic-drawn", { bubbles: true, detail }));
    };
    const later = () => {
      if (!pending) requestAnimationFrame(draw);
      pending = true;
    };
    const restyle = () => {
      look = null;
      later();
    };

    Object.entries(SLIDER).forEach(([name, value]) => canvas.setAttribute(name, value));
    canvas.addEventListener("keydown", (event) => {
      const to = rows.indexOf(seen.selected) + (MOVES[event.key] ?? NaN);
      if (Number.isNaN(to)) return;
      event.preventDefault();
      event.stopPropagation();
      select(rows[Math.min(Math.max(to, 0), rows.length - 1)] ?? -1);
    });
    canvas.addEventListener("click", ({ offsetY }) =>
      select(rows[Math.floor((offsetY - TOP) / place.each)] ?? -1));

    const { row, pause } = controls(seen, frame, later);
    frame.head.insertBefore(cost, frame.button);
    frame.head.insertBefore(pause, frame.button);
    steps.append(...ends);
    const notes = about.notes.map((text) => element("p", { className: "dlm-note" }, text));
    body.append(row, loss, canvas, steps, legend, findings, panel.made, ...notes, probe);
    watchStyle(body, restyle, frame.signal);
    explainStop(seen, frame);
    frame.send({ kind: "snapshot" });
    return later;
  },
});
