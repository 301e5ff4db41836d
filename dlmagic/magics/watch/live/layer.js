// The chosen layer: its numbers and how they went, and how its values are spread.

const STATISTICS = ["mean", "std", "min", "max", "zeros"];
const BINS = 103;
const COURSE = { width: 150, height: 24 };
const SPREAD = { width: 150, height: 26 };

/** How a measure of a layer went, as [place, height] from 0 to 1, in runs without a gap. */
const courseOf = (past, axis, layer, measure, about) => {
  const known = [];
  for (const { step, set, codes } of past.columns) {
    const place = set.place[layer];
    const code = place < 0 ? UNKNOWN : codes[measure * set.indices.length + place];
    if (code < INFINITE) known.push([step, numberOf(code)]);
  }
  const values = known.map((each) => each[1]).filter((value) => value > 0);
  const { scale } = about.measures[measure];
  const ends = [Math.min(...values), Math.max(...values)];
  const log = scale !== "share" && scale !== "count" && values.length > 0;
  const range = log ? { low: ends[0] / 1.3, high: ends[1] * 1.3, log } : scaleOf({ scale: "share" });
  return { points: known.map(([step, v]) => [axis.place(step), placeOn(range, v)]), known };
};

const drawCourse = (canvas, points, look, colour) => {
  const { width, height } = COURSE;
  const context = canvasOf(canvas, width, height);
  context.fillStyle = look.faint;
  context.fillRect(0, 0, width, height);
  drawLine(context, points, { left: 0, top: 2, width, height: height - 4 }, colour);
};

const drawLine = (context, points, { left, top, width, height }, colour) => {
  context.beginPath();
  points.forEach(([x, y]) => context.lineTo(left + x * width, top + (1 - y) * height));
  Object.assign(context, { strokeStyle: colour, lineWidth: 1.5, lineJoin: "round" });
  context.stroke();
  if (points.length === 1) context.strokeRect(left + points[0][0] * width, top + (1 - points[0][1]) * height, 1, 1);
};

/** A histogram over powers of two, those below zero at the left of the middle. */
const drawSpread = (canvas, bins, look, colour) => {
  const { width, height } = SPREAD;
  const context = canvasOf(canvas, width, height);
  const middle = (BINS - 1) / 2;
  const used = [...bins.keys()].filter((k) => bins[k] > 0);
  const reach = Math.max(6, ...used.map((k) => middle - Math.abs(k - middle)).map((k) => middle - k));
  const first = Math.max(0, Math.floor(middle - reach) - 1);
  const each = width / (BINS - 2 * first);
  context.fillStyle = look.faint;
  context.fillRect(0, 0, width, height);
  context.fillStyle = look.muted;
  context.fillRect(width / 2 - 0.5, 0, 1, height);
  context.fillStyle = colour;
  used.forEach((k) => {
    const high = Math.max(1, (bins[k] / 65535) * (height - 2));
    context.fillRect((k - first) * each, height - high, Math.max(each - 0.5, 1), high);
  });
};

const layerPanel = (seen) => {
  const title = element("h4", { className: "dlm-watch-name" });
  const courses = element("tbody");
  const rows = element("tbody");
  const note = element("p", { className: "dlm-note" });
  const head = (names) =>
    element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
  const table = (caption, names, body) =>
    element("table", { className: "dlm-table" }, element("caption", {}, caption), head(names), body);
  const made = element(
    "div",
    { className: "dlm-watch-layer" },
    table("Step by step", ["", "now", "course"], courses),
    element("div", { className: "dlm-scroll" }, table("", ["values", ...STATISTICS, "spread"], rows)),
  );
  const spreadCaption = made.querySelectorAll("caption")[1];

  const drawCourses = (axis, look) => {
    const shown = seen.about.measures.map((measure, k) => [measure, courseOf(seen.past, axis, seen.selected, k, seen.about)]);
    courses.replaceChildren(
      ...shown.filter(([, { known }]) => known.length).map(([{ title: name, scale }, { points, known }]) => {
        const canvas = element("canvas");
        drawCourse(canvas, points, look, scale === "count" ? look.broken : look.curve);
        const now = element("td", { className: "dlm-number" }, nice(known.at(-1)[1]));
        return element("tr", {}, element("th", { scope: "row" }, name), now, element("td", {}, canvas));
      }),
    );
  };

  const drawRows = (look) => {
    const { detail } = seen;
    const [path] = seen.about.layers[seen.selected] ?? [];
    const mine = detail?.layer === path ? detail : null;
    const how = mine?.exact ? "all values" : "a sample of the values";
    spreadCaption.textContent = mine ? `At step ${counted(mine.step)}, ${how}` : "";
    note.textContent = mine ? "" : "Its spread comes when the kernel can hear this page.";
    rows.replaceChildren(
      ...(mine?.rows ?? []).map((label, row) => {
        const canvas = element("canvas");
        drawSpread(canvas, mine.bins.subarray(row * BINS, (row + 1) * BINS), look, look.curve);
        const cells = STATISTICS.map((_, k) =>
          element("td", { className: "dlm-number" }, nice(mine.numbers[row * STATISTICS.length + k])));
        return element("tr", {}, element("th", { scope: "row" }, label), ...cells, element("td", {}, canvas));
      }),
    );
  };

  return {
    made: element("section", {}, title, made, note),
    draw(axis, look) {
      const [path, kind] = seen.about.layers[seen.selected] ?? ["", ""];
      title.replaceChildren(path || seen.about.model, element("span", { className: "dlm-muted" }, ` ${kind}`));
      drawCourses(axis, look);
      drawRows(look);
    },
  };
};
