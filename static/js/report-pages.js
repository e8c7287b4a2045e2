// The pages of a report: each is drawn by pdf.js when it comes near the window, sharp at the zoom of the moment, with its text laid over it to
// select, to hear and to mark. What a PDF brings along (scripts, forms, files) is never run: we draw it and nothing else.
(() => {
  const kit = (window.reportKit ??= {});
  const MOST_PIXELS = 16e6, LEAST_SCALE = 0.25, MOST_SCALE = 5, STEP = 1.25, MOST_PAGES = 300, HIGHEST = 8;
  const WHY = {
    PasswordException: "This PDF asks for a password, so it cannot be shown here.",
    InvalidPDFException: "This PDF is damaged, so it cannot be shown here.",
    ResponseException: "The file did not come from our disk. Try again in a minute.",
  };
  const OTHER = "The report could not be shown. Try again; if that does not help, save the file and open it in another program.";

  const element = (name, className, more = {}) => Object.assign(document.createElement(name), { className, ...more });

  kit.pages = (root, names) => {
    const holder = root.querySelector("[data-report-pages]"), place = root.querySelector("[data-report-place]");
    const out = root.querySelector("[data-report-scale]"), near = [], listeners = [];
    let pdfjs, doc, views = [], scale = 1, isFit = true, drawing = Promise.resolve(), width = 0;

    const broken = (error) => {
      holder.hidden = true;
      root.querySelector("[data-report-why]").textContent = WHY[error?.name] ?? OTHER;
      root.querySelector("[data-report-broken]").hidden = false;
    };

    // -- sizes: all pages are as large as the first until they are known --
    const sizeOf = (view) => view.page?.getViewport({ scale: 1 }) ?? views[0].page.getViewport({ scale: 1 });
    const measure = (view) => {
      const size = sizeOf(view), height = Math.min(size.height, HIGHEST * size.width); // a page of a kilometre is no page
      view.el.style.width = `${size.width * scale}px`;
      view.el.style.height = `${height * scale}px`;
      view.el.style.setProperty("--total-scale-factor", scale);
    };
    const fitScale = () => Math.max(LEAST_SCALE, (holder.clientWidth - 2 * parseFloat(getComputedStyle(holder).paddingLeft)) / sizeOf(views[0]).width);
    const rescale = (next, fits = false) => {
      if (!views.length) return;
      const middle = (holder.scrollLeft + holder.clientWidth / 2) / holder.scrollWidth;
      isFit = fits;
      scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, next));
      views.forEach(measure);
      holder.scrollLeft = middle * holder.scrollWidth - holder.clientWidth / 2;
      if (out) out.textContent = `${Math.round(scale * 75)}\u202f%`; // of the size on paper: a point is 4/3 of a pixel
      near.forEach(queue);
    };

    // -- drawing: one page after the other, so that typing goes on --
    const layText = async (view) => {
      const layer = element("div", "textLayer");
      view.el.insertBefore(layer, view.pins);
      const content = await view.page.getTextContent();
      await new pdfjs.TextLayer({ textContentSource: content, container: layer, viewport: view.page.getViewport({ scale }) }).render();
      view.bars = names ? names.cover(layer, view.el) : [];
      view.layer = layer;
      view.words = kit.wordsOf(layer);
      if (!names) await linkUp(view);
    };
    const linkUp = async (view) => {
      const viewport = view.page.getViewport({ scale: 1 });
      for (const { url, rect } of (await view.page.getAnnotations()).filter((one) => one.subtype === "Link" && /^(https?|mailto):/.test(one.url ?? ""))) {
        const [a, b] = [viewport.convertToViewportPoint(rect[0], rect[1]), viewport.convertToViewportPoint(rect[2], rect[3])];
        const link = element("a", "report-link", { href: url, target: "_blank", rel: "noopener noreferrer nofollow", title: url });
        link.setAttribute("aria-label", url);
        const [w, h] = [viewport.width, viewport.height];
        view.el.insertBefore(kit.place(link, [Math.min(a[0], b[0]) / w, Math.min(a[1], b[1]) / h, Math.max(a[0], b[0]) / w, Math.max(a[1], b[1]) / h]), view.pins);
      }
    };
    const draw = async (view) => {
      if (!near.includes(view) || view.drawnAt === scale) return;
      view.page ??= await doc.getPage(view.number);
      measure(view);
      const at = scale, viewport = view.page.getViewport({ scale });
      const ratio = Math.min(devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)));
      const canvas = element("canvas", "", { width: Math.floor(viewport.width * ratio), height: Math.floor(viewport.height * ratio) });
      canvas.setAttribute("aria-hidden", "true");
      const [w, h] = [canvas.width / viewport.width, canvas.height / viewport.height];
      if (!view.layer) await layText(view);
      await view.page.render({ canvas, viewport, transform: [w, 0, 0, h, 0, 0], background: "#ffffff", annotationMode: names ? 0 : 1 }).promise;
      if (names) names.paint(canvas, view.bars); // before anybody sees it
      view.canvas?.remove();
      view.el.prepend((view.canvas = canvas));
      view.drawnAt = at;
      view.el.classList.remove("waiting");
      listeners.forEach((tell) => tell(view));
    };
    const failed = (view) => {
      view.el.classList.remove("waiting");
      view.el.prepend(element("p", "report-wait note", { textContent: `Page ${view.number} could not be drawn.${names ? "" : " Save the file to see it."}` }));
    };
    const queue = (view) => (drawing = drawing.then(() => draw(view)).catch(() => failed(view)));
    const forget = (view) => { // the picture of a page that is far away is memory that a phone does not have
      near.splice(near.indexOf(view), 1);
      view.canvas?.remove();
      view.canvas = view.drawnAt = null;
      view.el.classList.add("waiting");
    };
    const watch = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
      const view = views[target.dataset.page - 1];
      if (isIntersecting && !near.includes(view)) { near.push(view); queue(view); }
      else if (!isIntersecting && near.includes(view)) forget(view);
    }), { rootMargin: "1200px 0px" });

    const shown = () => views.find((view) => view.el.getBoundingClientRect().bottom > Math.min(200, innerHeight / 3)) ?? views.at(-1);
    const sayPlace = () => { if (views.length && place) place.textContent = doc.numPages > 1 ? `page ${shown().number} of ${doc.numPages}` : ""; };

    const lay = async () => {
      const first = await doc.getPage(1); // before there are views: who resizes the window measures them by it
      holder.replaceChildren();
      views = Array.from({ length: Math.min(doc.numPages, MOST_PAGES) }, (_, n) => {
        const el = element("section", "report-page waiting");
        el.dataset.page = n + 1;
        el.setAttribute("aria-label", `Page ${n + 1}`);
        const marks = element("div", "report-marks"), pins = element("div", "report-pins");
        el.append(marks, pins);
        holder.append(el);
        return { number: n + 1, el, marks, pins, words: [], page: n ? undefined : first };
      });
      if (doc.numPages > MOST_PAGES) holder.append(element("p", "note", { textContent: `Only the first ${MOST_PAGES} pages are shown.` }));
      rescale(fitScale(), true);
      views.forEach((view) => watch.observe(view.el));
      sayPlace();
    };
    const open = async () => {
      root.querySelector("[data-report-broken]").hidden = true;
      holder.hidden = false;
      try {
        pdfjs ??= await import(root.dataset.pdfjs);
        pdfjs.GlobalWorkerOptions.workerSrc = root.dataset.worker;
        const at = root.dataset.assets;
        doc = await pdfjs.getDocument({
          url: root.dataset.file, cMapUrl: `${at}cmaps/`, standardFontDataUrl: `${at}standard_fonts/`, wasmUrl: at, useWasm: false,
          enableXfa: false, maxImageSize: 64e6, disableRange: true, useSystemFonts: false, verbosity: 0,
        }).promise;
        await lay();
      } catch (error) { broken(error); }
    };

    root.querySelector("[data-report-again]").addEventListener("click", open);
    new ResizeObserver(() => {
      if (Math.abs(holder.clientWidth - width) < 2 || !views.length) return;
      width = holder.clientWidth;
      if (isFit) requestAnimationFrame(() => rescale(fitScale(), true));
    }).observe(holder);
    addEventListener("scroll", sayPlace, { passive: true, capture: true });
    const zoom = (how) => (how === "fit" ? rescale(fitScale(), true) : rescale(how === "in" ? scale * STEP : scale / STEP));
    const opened = open();
    return {
      opened, zoom, shown, holder,
      get views() { return views; },
      onDrawn: (tell) => listeners.push(tell),
      // The view of a page with its words, wherever one has scrolled to.
      async ready(number) {
        await opened;
        const view = views[number - 1];
        if (!view) return null;
        if (!near.includes(view)) { near.push(view); queue(view); }
        const { top, bottom } = view.el.getBoundingClientRect();
        if (bottom < 80 || top > innerHeight - 80) view.el.scrollIntoView({ block: "start" });
        await drawing;
        return view;
      },
    };
  };
})();
