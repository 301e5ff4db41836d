// Numbers from bytes, and as people read them.

const UNKNOWN = 0x7fc0; // of numbers that came as the upper half of their 32 bits
const INFINITE = 0x7f80;

/** The bytes of one part of the news, where they may be read as any kind of number. */
const part = (news, name) => {
  const view = news.buffers?.[news.parts?.indexOf(name) ?? -1];
  return view && view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
};

const whole = new Uint32Array(1);
const wholeAsFloat = new Float32Array(whole.buffer);
const numberOf = (code) => {
  whole[0] = code << 16;
  return wholeAsFloat[0];
};

const nice = (value, digits = 3) => {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "Inf" : "−Inf";
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 0.001 && size < 10000);
  const text = plain ? String(Number(value.toPrecision(digits))) : value.toExponential(1).replace(".0", "");
  return text.replace("e+", "e").replaceAll("-", "−");
};

const counted = (value) => Math.round(value).toLocaleString("en");
