// The map: a row for each layer, from the first step at the left to the newest at the right.

const LEAST_COLUMNS = 24; // that there is room for, so that the first ones are narrow
const MOST_MARKS = 3000;
const LINE = 15; // pixels from one name to the next

/** Draws into a canvas of so many CSS pixels, sharp on every screen. */
const canvasOf = (canvas, width, height) => {
  const scale = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across || canvas.height !== down) {
    Object.assign(canvas, { width: across, height: down });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
};

/** The steps that are shown, and where each of them is, from 0 to 1. */
const stepAxis = ({ columns, losses }) => {
  const count = Math.max(columns.length, 1);
  const ends = [columns[0]?.step, losses[0]?.[0], columns.at(-1)?.step, losses.at(-1)?.[0]];
  const known = ends.filter((each) => each !== undefined);
  const [first, last] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 0];
  const each = count > 1 ? (columns.at(-1).step - columns[0].step) / (count - 1) : 1;
  const span = Math.max(last - first + each, LEAST_COLUMNS * each);
  return { first, last, each, span, place: (step) => (step - first) / span };
};

/** Of each of so many pixels the columns that it shows, as the end of their range. */
const columnEnds = ({ columns }, axis, pixels) => {
  const ends = new Int32Array(pixels);
  const stop = axis.place((columns.at(-1)?.step ?? 0) + axis.each) * pixels;
  for (let x = 0, end = 0; x < pixels; x += 1) {
    const step = axis.first + ((x + 1) / pixels) * axis.span;
    while (end < columns.length && columns[end].step < step) end += 1;
    ends[x] = x < stop ? end : 0;
  }
  return ends;
};

/** The rows as pixels, one high each. */
const paintRows = (image, past, axis, rows, measure, colours) => {
  const { width, data } = image;
  const pixels = new Uint32Array(data.buffer);
  const ends = columnEnds(past, axis, width);
  const bad = packed(channels(colours.broken));
  const rowOf = new Map(rows.map((layer, row) => [layer, row]));
  for (let x = 0; x < width; x += 1) {
    if (ends[x] === 0) continue;
    const { set, codes } = past.columns[ends[x] - 1];
    const begin = measure * set.indices.length;
    for (let row = 0; row < rows.length; row += 1) {
      const place = set.place[rows[row]];
      pixels[row * width + x] = place < 0 ? 0 : colours.pixels[codes[begin + place]];
    }
    for (let k = x > 0 ? Math.min(ends[x - 1], ends[x] - 1) : 0; k < ends[x]; k += 1) {
      for (const layer of past.columns[k].broken) {
        if (rowOf.has(layer)) pixels[rowOf.get(layer) * width + x] = bad;
      }
    }
  }
};

/** What is broken is seen also where a cell is smaller than a point. */
const markBroken = (context, past, axis, rows, place, colour) => {
  const rowOf = new Map(rows.map((layer, row) => [layer, row]));
  let marks = 0;
  context.fillStyle = colour;
  for (const { step, broken } of past.columns) {
    for (const layer of broken) {
      if (!rowOf.has(layer) || (marks += 1) > MOST_MARKS) continue;
      const x = place.left + axis.place(step) * place.width;
      const y = place.top + (rowOf.get(layer) + 0.5) * place.each;
      const height = Math.max(place.each, 3);
      context.fillRect(x, y - height / 2, Math.max(3, (axis.each / axis.span) * place.width), height);
    }
  }
};

/** A name in so many pixels: its end says more than its beginning. */
const shortened = (context, name, room) => {
  if (context.measureText(name).width <= room) return name;
  let from = 1;
  while (from < name.length && context.measureText(`…${name.slice(from)}`).width > room) from += 1;
  return `…${name.slice(from)}`;
};

const writeNames = (context, seen, rows, place, look) => {
  const every = Math.ceil(LINE / place.each);
  const chosen = rows.indexOf(seen.selected);
  const alarmed = new Set((seen.state?.findings ?? []).map((each) => each.layer));
  context.textBaseline = "middle";
  rows.forEach((layer, row) => {
    const name = seen.about.layers[layer][0];
    const near = Math.abs(row - chosen) < every && row !== chosen;
    const y = place.top + (row + 0.5) * place.each;
    if (alarmed.has(name)) {
      context.fillStyle = look.alarm;
      context.fillRect(place.left - 6, y - Math.max(place.each, 4) / 2, 3, Math.max(place.each, 4));
    }
    if ((row % every !== 0 && row !== chosen) || near) return;
    context.font = row === chosen ? `600 ${look.font}` : look.font;
    context.fillStyle = row === chosen ? look.text : look.muted;
    const shown = shortened(context, name || seen.about.model, place.left - 14);
    context.fillText(shown, place.left - 12 - context.measureText(shown).width, y);
  });
};

const frameRow = (context, row, place, look) => {
  if (row < 0) return;
  const height = Math.max(place.each, 5);
  const y = place.top + (row + 0.5) * place.each - height / 2;
  context.strokeStyle = look.text;
  context.lineWidth = 1.5;
  context.strokeRect(place.left - 1, y - 0.5, place.width + 2, height + 1);
};

const off = document.createElement("canvas");

const drawMap = (canvas, seen, axis, rows, place, look) => {
  const context = canvasOf(canvas, place.left + place.width + 2, place.height + 2 * place.top);
  context.fillStyle = look.ground;
  context.fillRect(place.left, place.top, place.width, place.height);
  if (rows.length === 0) return;
  const across = Math.max(1, Math.round(place.width * (window.devicePixelRatio || 1)));
  Object.assign(off, { width: across, height: rows.length });
  const small = off.getContext("2d");
  const image = small.createImageData(across, rows.length);
  paintRows(image, seen.past, axis, rows, seen.measure, look);
  small.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(off, place.left, place.top, place.width, place.height);
  markBroken(context, seen.past, axis, rows, place, look.broken);
  writeNames(context, seen, rows, place, look);
  frameRow(context, rows.indexOf(seen.selected), place, look);
};
