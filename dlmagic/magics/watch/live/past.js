// What the page knows of the training so far.

const MOST_COLUMNS = 2048; // of more, every second one goes
const MOST_LOSSES = 4096;

const emptyPast = ({ layers, measures }) => ({
  columns: [],
  losses: [],
  set: null, // the layers of the newest columns
  known: measures.map(() => new Uint8Array(layers.length)), // which layers have a measure
  exponents: measures.map(() => new Uint32Array(256)), // how often each order of magnitude came
});

/** Layers that columns are of: which they are, and the place of each among them. */
const layerSet = (id, indices, count) => {
  const place = new Int32Array(count).fill(-1);
  indices.forEach((layer, k) => (place[layer] = k));
  return { id, indices, place };
};

const countIn = (past, column, about) => {
  const { indices } = column.set;
  const broken = about.measures.length - 1;
  for (let measure = 0, at = 0; measure <= broken; measure += 1) {
    for (const layer of indices) {
      const code = column.codes[at];
      at += 1;
      if (code === UNKNOWN) continue;
      past.known[measure][layer] = 1;
      if (code > 0 && code < INFINITE) past.exponents[measure][code >> 7] += 1;
      if (measure === broken && code > 0) column.broken.push(layer);
    }
  }
};

const addColumns = (past, news, about) => {
  const codes = new Uint16Array(part(news, "columns") ?? 0);
  const { set } = past;
  if (!set || set.id !== news.set) return; // a message was lost; the layers come again soon
  const width = about.measures.length * set.indices.length;
  (news.steps ?? []).forEach((step, k) => {
    if (step <= (past.columns.at(-1)?.step ?? -1)) return;
    const column = { step, set, codes: codes.subarray(k * width, (k + 1) * width), broken: [] };
    countIn(past, column, about);
    past.columns.push(column);
  });
  if (past.columns.length > MOST_COLUMNS) past.columns = halved(past.columns);
};

const halved = (columns) =>
  columns.filter((column, k) => {
    const stays = k % 2 === columns.length % 2 || k === columns.length - 1;
    if (!stays) columns[k + 1].broken = [...new Set([...columns[k + 1].broken, ...column.broken])];
    return stays;
  });

const addLosses = (past, news) => {
  const bytes = part(news, "losses");
  if (!bytes) return;
  const steps = new Uint32Array(bytes, 0, bytes.byteLength / 8);
  const values = new Float32Array(bytes, bytes.byteLength / 2);
  steps.forEach((step, k) => past.losses.push([step, values[k]]));
  if (past.losses.length > MOST_LOSSES) past.losses = past.losses.filter((_, k) => k % 2 === 1);
};

const addDetail = (seen, news) => {
  const bytes = part(news, "detail");
  if (!bytes) return;
  const { rows } = news.detail;
  const numbers = new Float32Array(bytes, 0, rows.length * STATISTICS.length);
  const bins = new Uint16Array(bytes, numbers.byteLength);
  seen.detail = { ...news.detail, numbers, bins };
};

const keepNews = (seen, news) => {
  if (news.snapshot || !seen.past) seen.past = emptyPast(seen.about);
  seen.state = { ...seen.state, ...news, buffers: null };
  const layers = part(news, "layers");
  if (layers) seen.past.set = layerSet(news.set, new Uint16Array(layers), seen.about.layers.length);
  addColumns(seen.past, news, seen.about);
  addLosses(seen.past, news);
  addDetail(seen, news);
};
