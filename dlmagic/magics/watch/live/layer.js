// The chosen layer: its numbers and how they went, and how its values are spread.

const STATISTICS = ["mean", "std", "min", "max", "zeros"];
const BINS = 103;
const WIDE = 112; // pixels of a small picture
const HIGH = 22;

/** A table, and its body. */
const tableOf = (heads) => {
  const body = element("tbody");
  const numeric = (k) => (k > 0 && k < heads.length - 1 ? "dlm-number" : "");
  const named = heads.map((text, k) => element("th", { scope: "col", className: numeric(k) }, text));
  const head = element("tr", {}, ...named);
  const caption = element("caption");
  const table = element("table", { className: "dlm-table" }, caption, element("thead", {}, head), body);
  return { table, caption, body };
};

/** A row of a table that ends with a small picture. */
const pictured = (title, numbers) => {
  const canvas = element("canvas");
  const values = numbers.map((text) => element("td", { className: "dlm-number" }, text));
  const row = element("tr", {}, element("th", { scope: "row" }, title), ...values, element("td", {}, canvas));
  return { row, values, canvas };
};

/** What is known of a measure of a layer, as steps and numbers; at most one for a pixel. */
const courseOf = ({ columns }, ends, layer, measure) => {
  const known = [];
  ends.forEach((end, x) => {
    const column = end > (ends[x - 1] ?? 0) && columns[end - 1];
    const place = column ? column.set.place[layer] : -1;
    const code = place < 0 ? UNKNOWN : column.codes[measure * column.set.indices.length + place];
    if (code < INFINITE) known.push([column.step, numberOf(code)]);
  });
  return known;
};

const drawCourse = (canvas, known, axis, scale, look) => {
  const context = cleared(canvas, WIDE, HIGH);
  filled(context, look.faint, 0, 0, WIDE, HIGH);
  const values = known.map(([, value]) => value).filter((value) => value > 0);
  const log = values.length > 0 && (scale === "log" || scale === "around");
  const [low, high] = log ? [Math.min(...values) / 1.2, Math.max(...values) * 1.2] : [0, 1];
  const points = known.map(([step, value]) => [axis.place(step), placeOn({ low, high, log }, value)]);
  const colour = scale === "count" && values.length ? look.broken : look.curve;
  drawLine(context, points, colour, 0, 2, WIDE, HIGH - 4);
};

/** A histogram over powers of two: below zero at the left, tiny values in the middle left out. */
const drawSpread = (canvas, bins, look) => {
  const context = cleared(canvas, WIDE, HIGH);
  const middle = (BINS - 1) / 2;
  const far = [...bins.keys()].filter((k) => bins[k] > 300).map((k) => Math.abs(k - middle));
  const near = Math.max(Math.min(...far.filter((each) => each > 0)), 1);
  const reach = Math.max(...far, near + 3) - near + 2;
  const each = WIDE / (2 * reach + 1);
  filled(context, look.faint, 0, 0, WIDE, HIGH);
  filled(context, look.line, WIDE / 2 - 0.5, 0, 1, HIGH);
  bins.forEach((count, k) => {
    const from = k - middle;
    const at = from === 0 ? 0 : Math.sign(from) * Math.max(Math.abs(from) - near + 1, 1);
    const high = Math.max(1, (count / 65535) * (HIGH - 2));
    if (count) filled(context, look.curve, (at + reach) * each, HIGH - high, Math.max(each - 0.5, 1), high);
  });
};

const layerPanel = (seen) => {
  const { measures, layers, model } = seen.about;
  const title = element("p", { className: "dlm-watch-name" });
  const courses = tableOf(["measure", "now", "course"]);
  const spreads = tableOf(["values", ...STATISTICS, "spread"]);
  courses.caption.append("Step by step");
  const rows = measures.map((measure) => pictured(measure.title, [""]));
  courses.body.append(...rows.map((each) => each.row));
  const side = scrolling("How values are spread", spreads.table);
  let shown = null;

  const drawSpreads = (path, look) => {
    const detail = seen.detail?.layer === path ? seen.detail : null;
    const key = [seen.detail, path, look];
    if (shown?.every((each, k) => each === key[k])) return;
    shown = key;
    const how = detail?.exact ? "all values" : "a sample of the values";
    spreads.caption.textContent = detail
      ? `Step ${counted(detail.step)}, ${how}`
      : "More comes with the next measured step, where the kernel hears this page";
    const made = (detail?.rows ?? []).map((label, row) => {
      const numbers = detail.numbers.subarray(row * STATISTICS.length, (row + 1) * STATISTICS.length);
      const one = pictured(label, [...numbers].map((each) => nice(each)));
      drawSpread(one.canvas, detail.bins.subarray(row * BINS, (row + 1) * BINS), look);
      return one.row;
    });
    spreads.body.replaceChildren(...made);
  };

  return {
    made: element("section", {}, title, element("div", { className: "dlm-watch-layer" }, courses.table, side)),
    draw(axis, look) {
      const [path, kind] = layers[seen.selected] ?? ["", ""];
      title.replaceChildren(path || model, element("span", { className: "dlm-muted" }, ` ${kind}`));
      const ends = columnEnds(seen.past, axis, WIDE);
      rows.forEach(({ row, values, canvas }, k) => {
        const known = courseOf(seen.past, ends, seen.selected, k);
        row.hidden = known.length === 0;
        values[0].textContent = nice(known.at(-1)?.[1]);
        if (known.length) drawCourse(canvas, known, axis, measures[k].scale, look);
      });
      drawSpreads(path, look);
    },
  };
};
