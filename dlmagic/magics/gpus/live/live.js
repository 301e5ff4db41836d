// The devices as a table: of each quantity its value now, and a curve of the last minutes.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 24;
const PATIENCE = 2.6; // periods; a curve has a gap where nothing was read for longer
const LEAST_PERIODS = 30; // that a chart has room for, so that its first curve is a short one
const MOST_REMARKS = 6;

const drawn = (name, attributes) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

const size = (bytes) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let number = bytes;
  let unit = 0;
  while (number >= 999.5 && unit < units.length - 1) {
    number /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? number : number.toPrecision(3)} ${units[unit]}`;
};

const QUANTITIES = {
  memory: { title: "memory", place: 0, text: size },
  utilization: { title: "utilisation", place: 2, text: (value) => `${Math.round(value)} %` },
  temperature: { title: "temperature", place: 3, text: (value) => `${Math.round(value)} °C` },
};

/** Value or reason of a quantity of a device, in one of the news. */
const reading = (news, device, quantity) => news.values[device]?.[quantity.place];

/** The highest value that a chart of this quantity has room for. */
const ceiling = (news, device, quantity) => {
  const total = news.values[device]?.[1];
  return quantity === QUANTITIES.memory ? (typeof total === "number" ? total : null) : 100;
};

/** Points of a curve in runs without a gap; the newest one is at the right. */
const runs = (seen, device, quantity) => {
  const { news, about } = seen;
  const end = news.at(-1)?.at ?? 0;
  const room = Math.max(end - (news[0]?.at ?? 0), LEAST_PERIODS * about.period);
  const span = Math.min(room, about.window);
  const found = [[]];
  let before = null;
  for (const each of news) {
    const value = reading(each, device, quantity);
    const top = ceiling(each, device, quantity);
    const x = WIDTH * (1 - (end - each.at) / span);
    if (before !== null && each.at - before > PATIENCE * about.period) found.push([]);
    before = each.at;
    if (typeof value !== "number" || !top) found.push([]);
    else if (x >= 0) found.at(-1).push([x, HEIGHT * (1 - Math.min(Math.max(value / top, 0), 1))]);
  }
  return found.filter((run) => run.length > 0);
};

const line = (run) => `M${run.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
const area = (run) => `${line(run)}V${HEIGHT}H${run[0][0].toFixed(1)}Z`;
const dot = (run) => (run.length === 1 ? `${line(run)}h.1` : line(run));

const spoken = (seen, device, quantity) => {
  const values = seen.news.map((news) => reading(news, device, quantity));
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length === 0) return `${quantity.title}: unknown`;
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)].map(quantity.text);
  return `${quantity.title} lately: ${least} to ${most}`;
};

const cell = (seen, device, name) => {
  const quantity = QUANTITIES[name];
  const value = element("span", { className: "dlm-live-value" });
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" };
  const chart = drawn("svg", { ...box, class: `dlm-chart dlm-chart-${name}` });
  const filled = drawn("path", { class: "dlm-area" });
  const curve = drawn("path", {});
  chart.append(drawn("rect", { width: WIDTH, height: HEIGHT }), filled, curve);
  const redraw = () => {
    const newest = seen.news.at(-1);
    const now = newest && reading(newest, device, quantity);
    const total = newest && ceiling(newest, device, quantity);
    const known = typeof now === "number";
    const of = name === "memory" && total ? ` of ${size(total)}` : "";
    value.textContent = known ? quantity.text(now) + of : "–";
    value.title = known ? "" : (now ?? "");
    const found = runs(seen, device, quantity);
    curve.setAttribute("d", found.map(dot).join(""));
    filled.setAttribute("d", found.map(area).join(""));
    chart.setAttribute("aria-label", spoken(seen, device, quantity));
  };
  return { made: element("td", {}, value, chart), redraw };
};

/** Why something is unknown now, each reason once. */
const remarks = (seen) => {
  const found = new Map();
  (seen.news.at(-1)?.values ?? []).forEach((values, device) => {
    for (const name of seen.about.quantities) {
      const value = values[QUANTITIES[name].place];
      if (typeof value !== "string") continue;
      const places = found.get(value) ?? found.set(value, []).get(value);
      places.push(`${seen.about.devices[device]}, ${QUANTITIES[name].title}`);
    }
  });
  return [...found].map(([why, places]) => {
    const more = places.length > 2 ? ` and ${places.length - 2} more` : "";
    return `${places.slice(0, 2).join("; ")}${more}: ${why}.`;
  });
};

const filledTable = (table, seen) => {
  const { devices, quantities, caption } = seen.about;
  const heads = ["device", ...quantities.map((name) => QUANTITIES[name].title)];
  const head = heads.map((text) => element("th", { scope: "col" }, text));
  const rows = devices.map((name, device) => {
    const cells = quantities.map((quantity) => cell(seen, device, quantity));
    const row = element("tr", {}, element("th", { scope: "row" }, name));
    row.append(...cells.map((each) => each.made));
    return { row, cells };
  });
  table.replaceChildren(
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((each) => each.row)),
  );
  return rows.flatMap((each) => each.cells.map((made) => made.redraw));
};

export default liveView({
  build(body, seen) {
    const table = element("table", { className: "dlm-table" });
    const notes = element("div", { className: "dlm-note" });
    body.append(scrolling("Devices", table), notes);
    let shown = null;
    let redraws = [];
    return () => {
      if (seen.about !== shown) {
        shown = seen.about;
        redraws = filledTable(table, seen);
      }
      redraws.forEach((redraw) => redraw());
      const all = [...(seen.about.note ? [seen.about.note] : []), ...remarks(seen)];
      const texts = all.slice(0, MOST_REMARKS);
      if (notes.textContent !== texts.join("")) {
        notes.replaceChildren(...texts.map((text) => element("p", {}, text)));
      }
    };
  },
});
