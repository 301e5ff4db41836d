// Colours of the map: more is more ink. Lightness falls (or rises, on dark ground) evenly.

const COLOURS = {
  light: {
    rising: ["#e4f1ea", "#b3dacd", "#76bac0", "#4090b1", "#2b6198", "#1f2f66"],
    around: ["#1f4f8f", "#7fb0d8", "#edf0ee", "#e6ad62", "#9a4408"],
    broken: "#e0004d",
  },
  dark: {
    rising: ["#1a2735", "#1f435c", "#25737d", "#43a285", "#96cf7f", "#f6f1a3"],
    around: ["#7cc0ff", "#2f6494", "#262d36", "#99641f", "#ffbe62"],
    broken: "#ff2e68",
  },
};
const SHADES = 128;

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const packed = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/** So many shades from the first colour to the last one, as pixels. */
const shades = (stops) => {
  const known = stops.map(channels);
  return Uint32Array.from({ length: SHADES }, (_, k) => {
    const at = (k / (SHADES - 1)) * (known.length - 1);
    const before = Math.min(Math.floor(at), known.length - 2);
    const mix = (c) => known[before][c] + (at - before) * (known[before + 1][c] - known[before][c]);
    return packed([0, 1, 2].map((c) => Math.round(mix(c))));
  });
};

/** Which numbers have the first and the last colour; half a percent may lie beyond each. */
const scaleOf = (measure, exponents) => {
  if (measure.scale === "share") return { low: 0, high: 1 };
  if (measure.scale === "count") return { low: 0, high: 1 };
  if (measure.scale === "around") return { low: 1e-5, high: 1e-1, log: true };
  const all = exponents.reduce((sum, each) => sum + each, 0);
  const reached = (share) => {
    let sum = 0;
    return exponents.findIndex((each) => (sum += each) > share * all) - 127;
  };
  if (all === 0) return { low: 1e-3, high: 1, log: true };
  const low = Math.floor(reached(0.005) * Math.log10(2));
  const high = Math.ceil((reached(0.995) + 1) * Math.log10(2));
  return { low: 10 ** low, high: 10 ** Math.max(high, low + 2), log: true };
};

const placeOn = ({ low, high, log }, value) => {
  const place = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(Math.max(place, 0), 1);
};

/** The pixel of each number that can come; 0, which is no colour, of what is not known. */
const pixelsOf = (scale, stops, broken) => {
  const ramp = shades(stops);
  const pixels = new Uint32Array(0x10000);
  for (let code = 0; code < INFINITE; code += 1) {
    pixels[code] = ramp[Math.round(placeOn(scale, numberOf(code)) * (SHADES - 1))];
  }
  pixels[INFINITE] = packed(channels(broken));
  return pixels;
};
