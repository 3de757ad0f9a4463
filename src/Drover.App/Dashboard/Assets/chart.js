// Lines over time, drawn by uPlot, with a legend that is text and says the value under the pointer.
import { h, fill } from "./dom.js";
import { exact, tick } from "./format.js";

const charts = new Set();

// The shortest axis, in seconds.
const youngest = 120;

/** Colours have changed: all are drawn anew. */
export function repaint() {
  for (const chart of charts) {
    chart.build();
  }
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * A figure. series: [{label, colour, fill}]; format turns a value into text; sync: charts of one name show one moment.
 * small: without axes. max: the least top of the axis.
 */
export function chart({ title, series, format, height = 180, small = false, sync, max, note }) {
  return new Chart({ title, series, format, height, small, sync, max, note });
}

class Chart {
  constructor(options) {
    this.options = options;
    this.data = [[], ...options.series.map(() => [])];
    this.plot = null;
    this.range = null;
    this.canvas = h("div", { class: "plot", role: "img", "aria-label": options.title });
    this.canvas.style.setProperty("height", `${options.height}px`);
    this.values = options.series.map(() => h("span", { class: "legend-value" }));
    this.when = h("span", { class: "legend-time" });
    const legend = options.series.map((one, i) =>
      h(
        "span",
        { class: "legend-item" },
        h("span", { class: `swatch c-${one.colour}`, "aria-hidden": "true" }),
        one.label,
        " ",
        this.values[i],
      ),
    );
    this.element = options.small
      ? h("div", { class: "spark" }, this.canvas)
      : h(
          "figure",
          { class: "chart" },
          h(
            "figcaption",
            null,
            h("span", { class: "chart-title" }, options.title),
            h("span", { class: "legend" }, legend, this.when),
          ),
          this.canvas,
          options.note && h("p", { class: "muted chart-note" }, options.note),
        );
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(this.canvas);
    charts.add(this);
  }

  /** Other values; from and to are the axis' ends in seconds, where there are fewer values than that. */
  set(times, series, from, to) {
    this.data = [times, ...series];
    // A history that is younger than what was asked for begins where it begins, and not in the middle of nothing.
    this.range = from === undefined ? null : [Math.max(from, Math.min(times[0] ?? from, to - youngest)), to];
    if (this.plot) {
      this.plot.setData(this.data);
    } else {
      this.build();
    }
    this.describe();
    this.show(null);
  }

  build() {
    const width = this.canvas.clientWidth;
    if (width === 0 || this.data[0].length === 0) {
      this.plot?.destroy();
      this.plot = null;
      return;
    }
    this.plot?.destroy();
    fill(this.canvas);
    this.plot = new uPlot(this.layout(width), this.data, this.canvas);
  }

  layout(width) {
    const { series, format, height, small, sync, max } = this.options;
    const muted = colour("muted");
    const axis = { stroke: muted, grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false } };
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    return {
      width,
      height,
      legend: { show: false },
      padding: small ? [4, 0, 0, 0] : [8, 8, 0, 0],
      cursor: {
        drag: { x: false, y: false },
        y: false,
        points: { size: 6 },
        sync: sync ? { key: sync, setSeries: false } : undefined,
      },
      scales: {
        x: { time: true, range: (_, low, high) => this.range ?? [low, Math.max(high, low + 1)] },
        y: { range: (_, low, high) => (small ? around(low, high) : [Math.min(0, low ?? 0), Math.max(high ?? 0, max ?? 0, 1e-9) * 1.08]) },
      },
      axes: [
        {
          ...axis,
          show: !small,
          font,
          size: 26,
          space: 70,
          values: (plot, splits) => splits.map((at) => tick(at, plot.scales.x.max - plot.scales.x.min)),
        },
        { ...axis, show: !small, font, size: 62, space: 34, values: (_, splits) => splits.map((at) => format(at)) },
      ],
      series: [
        {},
        ...series.map((one) => ({
          stroke: colour(one.colour),
          fill: one.fill ? `${colour(one.colour)}1f` : undefined,
          width: 1.5,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [(plot) => this.show(plot.cursor.idx)] },
    };
  }

  fit() {
    const width = this.canvas.clientWidth;
    if (!this.plot) {
      this.build();
    } else if (width > 0 && width !== this.plot.width) {
      this.plot.setSize({ width, height: this.options.height });
    }
  }

  // The value under the pointer; without one, the last that is known.
  show(index) {
    const [times, ...series] = this.data;
    const at = index ?? times.length - 1;
    series.forEach((values, i) => {
      this.values[i].textContent = this.options.format(index === null || index === undefined ? lastOf(values) : values[at]);
    });
    const span = times.length > 1 ? times[times.length - 1] - times[0] : 0;
    this.when.textContent = index === null || index === undefined || times.length === 0 ? "" : exact(times[at], span);
    this.options.onmoment?.(index);
  }

  describe() {
    const { title, series, format } = this.options;
    const parts = series.map((one, i) => {
      const known = this.data[i + 1].filter((value) => value !== null && value !== undefined);
      return known.length === 0
        ? `${one.label}: no values`
        : `${one.label}: now ${format(lastOf(known))}, lowest ${format(known.reduce((a, b) => Math.min(a, b)))}, `
            + `highest ${format(known.reduce((a, b) => Math.max(a, b)))}`;
    });
    this.canvas.setAttribute("aria-label", `${title}. ${parts.join("; ")}.`);
  }

  destroy() {
    this.resize.disconnect();
    this.plot?.destroy();
    charts.delete(this);
  }
}

// Without an axis a line shows change, not size: what moves by less than a twentieth of its value stays calm.
function around(low, high) {
  if (low === null || high === null) {
    return [0, 1];
  }
  const room = Math.max((high - low) * 0.15, Math.abs(high) * 0.025, 1e-9);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function lastOf(values) {
  for (let i = values.length - 1; i >= 0; i--) {
    if (values[i] !== null && values[i] !== undefined) {
      return values[i];
    }
  }
  return null;
}
