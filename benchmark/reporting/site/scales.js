// What figures are made of: the data, elements, numbers as text, and scales.
const data = JSON.parse(document.getElementById("data").textContent);
const QUALITY = ["free_running", "gold_prefix", "quality_by_lag", "learning"]; // in the metric's own unit
const REFERENCE = data.methods.indexOf("teacher_forcing");

function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
function html(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
function written(value) {
  if (value === null || value === undefined) return "-";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return size && size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
const span = ([low, high]) => low === high ? String(low) : `${low}\u2013${high}`;
const known = values => values.filter(value => value !== null && value !== undefined);
function filled(text, place) {
  return text.replace(/\{(\w+)\}/g, (_, name) => place[name] ?? "");
}
function curveOf(place, name) { // a curve may be called like what every object has
  return Object.hasOwn(place.curves, name) ? place.curves[name] : undefined;
}
function directionOf(name, place) { // which is better, "" where it is not known
  const direction = data.curves[name].direction;
  return direction === "metric" ? place.direction ?? "" : direction;
}
const along = (name, place) => data.curves[name].along || place.along;

function horizontal(highs, left, right) {
  const [from, to] = [Math.log(highs[0] / 1.25), Math.log(highs[highs.length - 1] * 1.25)];
  return length => left + (right - left) * (Math.log(Math.max(length, 0.1)) - from) / (to - from);
}

// Values of the means and the controls decide; intervals may widen the range by a third of it at each end.
function range(lines, controls) {
  const means = known([...lines.flatMap(line => line.mean), ...controls]);
  if (!means.length) return [0, 1];
  let [low, high] = [Math.min(...means), Math.max(...means)];
  const room = (high - low) / 3 || Math.abs(high) / 3 || 1;
  low = Math.max(low - room, Math.min(low, ...known(lines.flatMap(line => line.low))));
  high = Math.min(high + room, Math.max(high, ...known(lines.flatMap(line => line.high))));
  const margin = 0.05 * (high - low) || room;
  return [low - margin, high + margin];
}
function linear(low, high, bottom, top) {
  const raw = (high - low) / 6;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find(factor => factor * unit >= raw);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(Number((n * step).toPrecision(12)));
  return { ticks, at: value => bottom + (top - bottom) * (value - low) / (high - low) };
}
function logarithmic(low, high, bottom, top) {
  const [from, to] = [Math.log(low / 1.15), Math.log(high * 1.15)];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of [1, 2, 5]) {
      const tick = Number((factor * 10 ** power).toPrecision(3));
      if (Math.log(tick) >= from && Math.log(tick) <= to) ticks.push(tick);
    }
  }
  return { ticks, at: value => bottom + (top - bottom) * (Math.log(Math.max(value, 1e-12)) - from) / (to - from) };
}
// Controls beside which all lines would be flat, as in the suite's figures: they are told and not drawn.
function farOff(name, place, means) {
  if (!QUALITY.includes(name) || !means.length) return [];
  const [least, greatest] = [Math.min(...means), Math.max(...means)];
  if (least > 0 && greatest > 20 * least) return []; // the axis is logarithmic
  return ["floor", "ceiling"].filter(one => known([place[one]]).length &&
    greatest - least < (Math.max(greatest, place[one]) - Math.min(least, place[one])) / 8);
}
function vertical(name, place, lines, bottom, top) {
  const means = known(lines.flatMap(line => line.mean));
  const [least, greatest] = [Math.min(...means), Math.max(...means)];
  const far = farOff(name, place, known(lines.filter(line => !line.gold).flatMap(line => line.mean)));
  const controls = QUALITY.includes(name)
    ? known(["floor", "ceiling"].filter(one => !far.includes(one)).map(one => place[one])) : [];
  if (QUALITY.includes(name) && means.length && least > 0 && greatest > 20 * least) { // as in the suite's figures
    const shown = controls.filter(value => value > 0);
    return logarithmic(Math.min(least, ...shown), Math.max(greatest, ...shown), bottom, top);
  }
  return linear(...range(lines, controls), bottom, top);
}
