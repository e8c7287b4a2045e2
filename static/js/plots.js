// Draws a figure when it is scrolled to: fetches it as JSON, gives it the theme's colours and our template, and Plotly draws it.
// Colours in the JSON are names of tokens ("plot-1"), so one figure serves both themes.
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
    if (typeof value === "string") return /^(plot-\d(-soft)?|ground|inset|ink(-\d)?|line(-2)?|grid|sunken)$/.test(value) ? token(value) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item)]));
    return value;
  };
  const axis = (given) => ({
    gridcolor: token("grid"), linecolor: token("line-2"), zerolinecolor: token("line-2"), tickcolor: token("line-2"), automargin: true, fixedrange: true, ...given,
    title: { ...given?.title, font: { size: 12, color: token("ink-3") } },
  });
  const layout = (given, element) => ({
    ...given, height: Math.max(element.clientHeight, Number(element.dataset.height)), autosize: true, showlegend: false,
    paper_bgcolor: token("ground"), plot_bgcolor: token("ground"), font: { family: token("text"), size: 12, color: token("ink-2") },
    margin: { l: 48, r: 8, t: 8, b: 40, ...given.margin }, xaxis: axis(given.xaxis), yaxis: axis(given.yaxis),
    hoverlabel: { bgcolor: token("ink"), bordercolor: token("ink"), font: { color: token("ground"), family: token("text") } },
  });
  const options = { displayModeBar: false, responsive: true };
  const draw = async (element) => {
    const figure = figures.get(element);
    await Plotly.react(element, coloured(figure.data), layout(coloured(figure.layout), element), options);
  };
  const watch = new IntersectionObserver((entries) => entries.forEach(async ({ isIntersecting, target }) => {
    if (!isIntersecting) return;
    watch.unobserve(target);
    try {
      const [answer] = await Promise.all([fetch(target.dataset.plotUrl, { headers: { Accept: "application/json" } }), load()]);
      figures.set(target, await answer.json());
      await draw(target);
    } catch {
      target.textContent = "The figure could not be loaded. Its table below says the same.";
    }
  }), { rootMargin: "200px" });
  document.querySelectorAll("[data-plot-url]").forEach((element) => watch.observe(element));
  const again = () => figures.forEach((_, element) => draw(element));
  addEventListener("themechange", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-plot-png]");
    const element = button && document.querySelector(`[data-plot="${button.dataset.plotPng}"]`);
    if (element && figures.has(element)) Plotly.downloadImage(element, { format: "png", filename: button.dataset.plotPng, scale: 2, width: element.clientWidth, height: element.clientHeight });
  });
})();
