// The words of a page that pdf.js has laid over its picture: in the order of reading, each with its line and the pieces of text that make it.
// Places are shares of the page from its upper left corner, 0 to 1, so that they hold at any zoom.
(() => {
  const kit = (window.reportKit ??= {});

  // The letters of a layer with where each stands. A line ends in "\n", which stands nowhere.
  kit.letters = (layer) => {
    const text = [], at = [];
    const walk = document.createTreeWalker(layer, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (node.nodeName === "BR") { text.push("\n"); at.push(null); }
      if (node.nodeType !== Node.TEXT_NODE) continue;
      for (let n = 0; n < node.length; n++) { text.push(node.data[n]); at.push([node, n]); }
    }
    return { text: text.join(""), at };
  };

  // From letter `from` to letter `to`, as pieces of single text nodes.
  kit.piecesOf = (at, from, to) => {
    const pieces = [];
    for (let n = from; n < to; n++) {
      if (!at[n]) continue;
      const [node, offset] = at[n], last = pieces.at(-1);
      if (last?.node === node && last.to === offset) last.to = offset + 1;
      else pieces.push({ node, from: offset, to: offset + 1 });
    }
    return pieces;
  };

  kit.wordsOf = (layer) => {
    const { text, at } = kit.letters(layer), words = [];
    let line = 0, seen = 0;
    for (const found of text.matchAll(/\S+/gu)) {
      line += text.slice(seen, found.index).split("\n").length - 1;
      seen = found.index;
      words.push({ text: found[0], line, pieces: kit.piecesOf(at, found.index, found.index + found[0].length) });
    }
    // A line of the text that stands in two places of the page (cells of a table) is one line; an empty one is none.
    const lines = [...new Set(words.map((word) => word.line))];
    for (const word of words) word.line = lines.indexOf(word.line);
    return words;
  };

  kit.boxOf = (pieces, page) => {
    const whole = page.getBoundingClientRect(), range = document.createRange();
    let box = null;
    for (const { node, from, to } of pieces) {
      range.setStart(node, from);
      range.setEnd(node, to);
      const rect = range.getBoundingClientRect();
      if (!rect.width && !rect.height) continue;
      const next = [rect.left, rect.top, rect.right, rect.bottom];
      box = box ? [Math.min(box[0], next[0]), Math.min(box[1], next[1]), Math.max(box[2], next[2]), Math.max(box[3], next[3])] : next;
    }
    if (!box) return null;
    const share = (value, start, size) => Math.min(1, Math.max(0, (value - start) / size));
    return [share(box[0], whole.left, whole.width), share(box[1], whole.top, whole.height), share(box[2], whole.left, whole.width), share(box[3], whole.top, whole.height)];
  };

  // One box for each line of these words.
  kit.boxesOf = (words, page) => {
    const lines = new Map();
    for (const word of words) {
      const box = kit.boxOf(word.pieces, page), old = lines.get(word.line);
      if (!box || box[0] >= box[2] || box[1] >= box[3]) continue;
      lines.set(word.line, old ? [Math.min(old[0], box[0]), Math.min(old[1], box[1]), Math.max(old[2], box[2]), Math.max(old[3], box[3])] : box);
    }
    return [...lines.values()];
  };

  kit.textOf = (words) => words.map((word) => word.text).join(" ").slice(0, 500);

  // What opens over a page may reach below the last one: the ground grows for it, and is as before when `element` is gone (null).
  kit.makeRoom = (holder, element) => {
    holder.style.paddingBottom = "";
    const beyond = element ? element.getBoundingClientRect().bottom + 12 - holder.getBoundingClientRect().bottom : 0;
    if (beyond > 0) holder.style.paddingBottom = `calc(${beyond}px + ${getComputedStyle(holder).paddingBottom})`;
    element?.scrollIntoView({ block: "nearest" });
  };

  // Puts a box that was given in shares onto its page. Through the style object: the security policy forbids style attributes.
  kit.place = (element, [left, top, right, bottom]) => {
    Object.assign(element.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%` });
    return element;
  };
})();
