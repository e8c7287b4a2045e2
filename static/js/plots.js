// Draws a figure when it is scrolled to: fetches it as JSON, gives it the theme's colours and our template, and Plotly draws it.
// Colours in the JSON are names of tokens ("--plot-1"), so one figure serves both themes.
(() => {
  const library = document.currentScript.dataset.plotly;
  const figures = new Map();
  let loading = null;
  const load = () => (loading ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: library, onload: resolve, onerror: reject });
    document.head.append(script);
  }));
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const coloured = (value) => {
    if (typeof value === "string") return value.startsWith("--") ? token(value.slice(2)) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item)]));
    return value;
  };
  // On a narrow frame an axis of numbers has about five ticks; none is ever turned, except names of classes that need it.
  const ticks = (given, isNarrow) => {
    if (given?.type === "category") return {};
    return isNarrow ? { dtick: undefined, nticks: 6, tickangle: 0 } : { tickangle: 0 };
  };
  // Ticks and lines in our colours. The unit is not turned on its side: it stands once, above the value axis at the left, or under the
  // other axis at its right end.
  const axis = (given, isNarrow) => ({
    gridcolor: token("grid"), linecolor: token("line-2"), zerolinecolor: token("line-2"), tickcolor: token("line-2"), automargin: true, fixedrange: true,
    tickfont: { size: 12, color: token("ink-3") }, ...given, ...ticks(given, isNarrow), title: undefined,
  });
  const unit = (text, place) => ({ text, showarrow: false, xref: "paper", yref: "paper", font: { size: 12, color: token("ink-3") }, ...place });
  // What is drawn otherwise on a narrow page stands in the figure's own `meta.narrow`: its margin and its words.
  const layout = (wide, element) => {
    const given = element.clientWidth < 500 ? { ...wide, ...wide.meta?.narrow } : wide;
    const x = given.xaxis?.title?.text, y = given.yaxis?.title?.text, top = given.xaxis?.side === "top";
    const units = [
      ...(y ? [unit(y, { x: 0, y: 1, xanchor: "left", yanchor: "bottom", xshift: -40, yshift: 6 })] : []),
      ...(x ? [top ? unit(x, { x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: given.xaxis.title.standoff }) : unit(x, { x: 1, y: 0, xanchor: "right", yanchor: "top", yshift: -24 })] : []),
    ];
    const isNarrow = element.clientWidth < 400;
    return {
      ...given, height: Number(element.dataset.height), autosize: true, showlegend: false, annotations: [...(given.annotations ?? []), ...units],
      paper_bgcolor: token("ground"), plot_bgcolor: token("ground"), font: { family: token("text"), size: 12, color: token("ink-2") },
      margin: { l: 40, r: 8, t: 32, b: 48, ...given.margin }, xaxis: axis(given.xaxis, isNarrow), yaxis: axis(given.yaxis, isNarrow),
      hoverlabel: { bgcolor: token("ink"), bordercolor: token("ink"), font: { color: token("ground"), family: token("text") } },
    };
  };
  const options = { displayModeBar: false, responsive: true };
  const draw = async (element) => {
    const figure = figures.get(element);
    await Plotly.react(element, coloured(figure.data), layout(coloured(figure.layout), element), options);
  };
  // One figure at a time, with a breath between: drawn in one go they would hold up scrolling and typing.
  let queue = Promise.resolve();
  const breath = () => new Promise((resolve) => setTimeout(resolve));
  const inTurn = (act) => (queue = queue.then(breath).then(act, act));
  const watch = new IntersectionObserver((entries) => entries.forEach(async ({ isIntersecting, target }) => {
    if (!isIntersecting) return;
    watch.unobserve(target);
    try {
      const [answer] = await Promise.all([fetch(target.dataset.plotUrl, { headers: { Accept: "application/json" } }), load()]);
      figures.set(target, await answer.json());
      await inTurn(() => draw(target));
      target.parentElement.classList.remove("waiting");
    } catch {
      target.parentElement.classList.remove("waiting");
      target.textContent = "The figure could not be loaded. Its table says the same.";
    }
  }), { rootMargin: "200px" });
  document.querySelectorAll("[data-plot-url]").forEach((element) => watch.observe(element));
  const again = () => figures.forEach((_, element) => inTurn(() => draw(element)));
  addEventListener("themechange", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-plot-png]");
    const element = button && document.querySelector(`[data-plot="${button.dataset.plotPng}"]`);
    if (element && figures.has(element)) Plotly.downloadImage(element, { format: "png", filename: button.dataset.plotPng, scale: 2, width: element.clientWidth, height: element.clientHeight });
  });
})();
