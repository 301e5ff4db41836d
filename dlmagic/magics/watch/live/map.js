// The map: a row for each layer, from the first step at the left to the newest at the right.

const LEAST_COLUMNS = 24; // that there is room for, so that the first ones are narrow
const LINE = 15; // pixels from one name to the next
const TOP = 8; // pixels above and below, for the halves of names

/** Clears a canvas of so many CSS pixels, sharp on every screen, to draw in. */
const cleared = (canvas, width, height) => {
  const scale = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across || canvas.height !== down) {
    Object.assign(canvas, { width: across, height: down });
    canvas.style.cssText = `width: ${width}px; height: ${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
};

const filled = (context, colour, ...box) => {
  context.fillStyle = colour;
  context.fillRect(...box);
};

/** A curve through points from 0 to 1, upwards. */
const drawLine = (context, points, colour, left, top, width, height) => {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(left + x * width, top + (1 - y) * height);
  if (points.length === 1) context.lineTo(left + points[0][0] * width + 1, top + (1 - points[0][1]) * height);
  Object.assign(context, { strokeStyle: colour, lineWidth: 1.5, lineJoin: "round" });
  context.stroke();
};

/** The steps that are shown, and where each of them is, from 0 to 1. */
const stepAxis = ({ columns, losses }) => {
  const begins = [columns[0]?.step, losses[0]?.[0]].filter((each) => each !== undefined);
  const ends = [columns.at(-1)?.step ?? 0, losses.at(-1)?.[0] ?? 0];
  const [first, last] = [begins.length ? Math.min(...begins) : 0, Math.max(...ends)];
  const { length } = columns;
  const each = length > 1 ? (columns[length - 1].step - columns[0].step) / (length - 1) : 1;
  const span = Math.max(last - first + each, LEAST_COLUMNS * each);
  return { first, each, span, place: (step) => (step - first) / span };
};

/** Of so many pixels, how many columns begin up to each; 0 where there is nothing yet. */
const columnEnds = ({ columns }, axis, pixels) => {
  const ends = new Int32Array(pixels);
  const stop = axis.place((columns.at(-1)?.step ?? 0) + axis.each) * pixels;
  for (let x = 0, end = 0; x < Math.min(pixels, stop); x += 1) {
    const step = axis.first + ((x + 1) / pixels) * axis.span;
    while (end < columns.length && columns[end].step < step) end += 1;
    ends[x] = end;
  }
  return ends;
};

/** What is not finite, larger than it is where it would be too small to see. */
const paintBroken = (pixels, past, ends, rows, bad) => {
  const rowOf = new Map(rows.map((layer, row) => [layer, row]));
  const reach = rows.length > 100 ? 1 : 0;
  const width = ends.length;
  for (let x = 0; x < width; x += 1) {
    for (let k = Math.min(ends[x - 1] ?? 0, ends[x] - 1); k >= 0 && k < ends[x]; k += 1) {
      for (const layer of past.columns[k].broken) {
        const row = rowOf.get(layer) ?? NaN;
        for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, rows.length - 1); y += 1) {
          pixels.fill(bad, y * width + Math.max(x - 1, 0), y * width + Math.min(x + 2, width));
        }
      }
    }
  }
};

/** The rows as pixels, one high each. */
const paintRows = ({ width, data }, past, axis, rows, measure, colours) => {
  const pixels = new Uint32Array(data.buffer);
  const ends = columnEnds(past, axis, width);
  for (let x = 0; x < width; x += 1) {
    if (ends[x] === 0) continue;
    const { set, codes } = past.columns[ends[x] - 1];
    const begin = measure * set.indices.length;
    for (let row = 0, at = x; row < rows.length; row += 1, at += width) {
      const place = set.place[rows[row]];
      if (place >= 0) pixels[at] = colours.pixels[codes[begin + place]];
    }
  }
  paintBroken(pixels, past, ends, rows, colours.pixels[INFINITE]);
};

/** A name in so many pixels: its end says more than its beginning. */
const shortened = (context, name, room) => {
  let shown = name;
  while (shown.length > 2 && context.measureText(shown).width > room) shown = `…${shown.slice(2)}`;
  return shown;
};

const drawNames = (context, seen, rows, { left, each }, look) => {
  const every = Math.ceil(LINE / each);
  const chosen = rows.indexOf(seen.selected);
  const alarmed = new Set(seen.state?.findings?.map((finding) => finding.layer));
  Object.assign(context, { textBaseline: "middle", textAlign: "right" });
  rows.forEach((layer, row) => {
    const [name] = seen.about.layers[layer];
    const y = TOP + (row + 0.5) * each;
    const mine = row === chosen;
    const high = Math.max(each - 1, 4);
    if (alarmed.has(name)) filled(context, look.bad, left - 6, y - high / 2, 3, high);
    if (!mine && (row % every || Math.abs(row - chosen) < every)) return;
    context.font = `${mine ? 600 : 400} ${look.font}`;
    context.fillStyle = mine ? look.text : look.muted;
    context.fillText(shortened(context, name || seen.about.model, left - 14), left - 12, y);
  });
};

const small = document.createElement("canvas");

const drawMap = (canvas, seen, axis, rows, place, look, colours) => {
  const { left, width, height, each } = place;
  const context = cleared(canvas, left + width + 2, height + 2 * TOP);
  filled(context, look.ground, left, TOP, width, height);
  if (rows.length === 0) return;
  Object.assign(small, { width: Math.round(width * (window.devicePixelRatio || 1)), height: rows.length });
  const image = new ImageData(small.width, small.height);
  paintRows(image, seen.past, axis, rows, seen.measure, colours);
  small.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, left, TOP, width, height);
  drawNames(context, seen, rows, place, look);
  const chosen = rows.indexOf(seen.selected);
  const high = Math.max(each, 4);
  Object.assign(context, { strokeStyle: look.text, lineWidth: 1 });
  const y = TOP + (chosen + 0.5) * each - high / 2;
  if (chosen >= 0) context.strokeRect(left - 0.5, y - 0.5, width + 1, high + 1);
};
