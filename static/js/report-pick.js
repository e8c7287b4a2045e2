// Choosing words of a report with the keyboard: lines with up and down, words with left and right, more with Shift, then Enter.
(() => {
  const kit = (window.reportKit ??= {});
  kit.pick = (root, pages, say, done) => {
    const { holder } = pages;
    let view = null, from = 0, to = 0, isOn = false;
    const button = root.querySelector("[data-report-annotate]"), how = root.querySelector("[data-report-how]");

    const clear = () => root.querySelectorAll(".report-picked").forEach((one) => one.remove());
    const chosen = () => view.words.slice(Math.min(from, to), Math.max(from, to) + 1);
    const draw = () => {
      clear();
      const words = chosen();
      const boxes = kit.boxesOf(words, view.el);
      for (const box of boxes) {
        const mark = kit.place(document.createElement("span"), box);
        mark.className = "report-picked";
        view.marks.append(mark);
      }
      view.marks.lastElementChild?.scrollIntoView({ block: "nearest" });
      say(words.length ? `Page ${view.number}, line ${words[0].line + 1}: ${kit.textOf(words)}` : `Page ${view.number} has no words that can be marked. Enter puts the note beside the page.`);
    };
    const lineOf = (index) => view.words[index]?.line ?? 0;
    const edge = (line, isEnd) => (isEnd ? view.words.findLastIndex((word) => word.line === line) : view.words.findIndex((word) => word.line === line));
    const choose = (start, end) => { [from, to] = [start, end]; draw(); };
    const chooseLine = (line) => choose(edge(line, false), edge(line, true));
    const lastLine = () => lineOf(view.words.length - 1);

    const turn = async (step) => {
      const next = await pages.ready(view.number + step);
      if (!next || !isOn) return;
      view = next;
      if (view.words.length) chooseLine(step > 0 ? 0 : lastLine()); else choose(0, 0);
    };
    const byLine = (step, extends_) => {
      const line = lineOf(to) + step;
      if (line < 0 || line > lastLine() || !view.words.length) return extends_ ? null : turn(step);
      return extends_ ? choose(from, edge(line, step > 0)) : chooseLine(line);
    };
    const byWord = (step, extends_) => {
      const next = to + step;
      if (next < 0 || next >= view.words.length) return extends_ ? null : turn(step);
      return choose(extends_ ? from : next, next);
    };
    const beside = () => {
      const y = kit.boxesOf(chosen(), view.el)[0]?.[1] ?? 0.04;
      return { page: view.number, kind: "point", boxes: [[0.96, y, 0.96, y]], quote: "" };
    };
    const marked = () => {
      const boxes = kit.boxesOf(chosen(), view.el);
      return boxes.length ? { page: view.number, kind: "highlight", boxes, quote: kit.textOf(chosen()) } : beside();
    };
    const finish = (place) => { leave(); done(place); };
    const keys = {
      ArrowDown: (event) => byLine(1, event.shiftKey), ArrowUp: (event) => byLine(-1, event.shiftKey),
      ArrowRight: (event) => byWord(1, event.shiftKey), ArrowLeft: (event) => byWord(-1, event.shiftKey),
      Home: (event) => { const start = edge(lineOf(to), false); choose(event.shiftKey ? from : start, start); },
      End: (event) => { const end = edge(lineOf(to), true); choose(event.shiftKey ? from : end, end); },
      PageDown: () => turn(1), PageUp: () => turn(-1),
      p: () => finish(beside()), P: () => finish(beside()), Enter: () => finish(marked()), Escape: () => leave(true),
    };
    // Before every other listener of the page: while one chooses, its own keys are of no use.
    const listen = (event) => {
      if (!isOn || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, dialog")) return;
      if (event.key === "Tab") return leave();
      if (!keys[event.key] && event.key.length > 1) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      keys[event.key]?.(event);
    };
    const leave = (isBack = false) => {
      if (!isOn) return;
      isOn = false;
      removeEventListener("keydown", listen, true);
      root.classList.remove("picking");
      holder.setAttribute("role", "region");
      holder.setAttribute("aria-label", "Pages of the report");
      button?.setAttribute("aria-pressed", "false");
      how.hidden = true;
      clear();
      say("");
      if (isBack) holder.focus({ preventScroll: true });
    };
    const enter = async () => {
      await pages.opened;
      if (isOn || !pages.views.length) return;
      isOn = true;
      addEventListener("keydown", listen, true);
      root.classList.add("picking");
      holder.setAttribute("role", "application"); // so that a screen reader leaves the arrow keys to us
      holder.setAttribute("aria-label", how.textContent);
      how.hidden = false;
      button?.setAttribute("aria-pressed", "true");
      holder.focus({ preventScroll: true });
      view = await pages.ready(pages.shown().number);
      if (!isOn) return;
      const first = view.words.findIndex((word) => word.pieces[0].node.parentElement.getBoundingClientRect().top >= 0);
      if (view.words.length) chooseLine(lineOf(Math.max(0, first))); else choose(0, 0);
    };
    // While one chooses, a click is a place, and words that the mouse has marked are chosen.
    holder.addEventListener("click", (event) => {
      const el = isOn && event.target.closest(".report-page");
      if (!el || event.target.closest("button, a, form, .report-card")) return;
      if (!getSelection().isCollapsed) return finish(null);
      const rect = el.getBoundingClientRect(), share = (value) => Math.min(1, Math.max(0, value));
      const [x, y] = [share((event.clientX - rect.left) / rect.width), share((event.clientY - rect.top) / rect.height)];
      finish({ page: Number(el.dataset.page), kind: "point", boxes: [[x, y, x, y]], quote: "" });
    });
    return { enter, leave, get isOn() { return isOn; } };
  };
})();
