// Covers the names of a report's authors. The server tells hashes of them (grading/anonymous_pdf.py), so no name is in the page; what matches is
// painted over in the picture and taken out of the text that is selected and read aloud. Names inside pictures cannot be found.
(() => {
  const kit = (window.reportKit ??= {});
  const ACCENT = /[´`¨ˆ˜¯˘˙˚¸˛˝ˇ^~]/gu; // TeX writes an accent as a sign of its own beside the letter
  const WORD = /[\p{L}\p{N}\p{M}´`¨ˆ˜¯˘˙˚¸˛˝ˇ]+/gu, ADDRESS = /\S+@\S+/gu, HAN = /\p{Script=Han}/u;
  const plain = (word) => word.replace(ACCENT, "").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  kit.names = ({ salt, hashes }) => {
    const known = new Set(hashes), asked = new Map(), utf8 = new TextEncoder();
    const isHash = (word) => {
      if (!asked.has(word)) {
        const digest = noble.sha256(utf8.encode(`${salt}:${word}`));
        asked.set(word, known.has([...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")));
      }
      return asked.get(word);
    };
    // A short name in small letters ("an", "will") is the word; in an address it is the name.
    const isName = (word, text, start) => {
      const spelled = plain(word);
      if (!isHash(spelled)) return false;
      const joined = /[/@._:-]/u.test((text[start - 1] ?? " ") + (text[start + word.length] ?? " "));
      return spelled.length >= 5 || joined || word !== word.toLowerCase() || word === word.toUpperCase();
    };
    // [from, to) of each name and each e-mail address in a text.
    const found = (text) => {
      const spans = [...text.matchAll(ADDRESS)].map((one) => [one.index, one.index + one[0].length]);
      for (const one of text.matchAll(WORD)) {
        if (isName(one[0], text, one.index)) spans.push([one.index, one.index + one[0].length]);
        else if (HAN.test(one[0])) // names stand without spaces there
          for (let n = 0; n < one[0].length; n++) for (const size of [4, 3, 2])
            if (n + size <= one[0].length && isHash(plain(one[0].slice(n, n + size)))) spans.push([one.index + n, one.index + n + size]);
      }
      return spans;
    };
    // In order, and one where they overlap: a name in an address.
    const runsOf = (spans) => {
      const runs = [];
      for (const [from, to] of spans.sort((a, b) => a[0] - b[0]))
        if (runs.at(-1)?.[1] >= from) runs.at(-1)[1] = Math.max(runs.at(-1)[1], to); else runs.push([from, to]);
      return runs;
    };
    // Letters of a page, and once more with words joined that a line break divides.
    const piecesIn = (layer) => {
      const { text, at } = kit.letters(layer), kept = [];
      for (let n = 0; n < text.length; n++) if (text[n] === "-" && text[n + 1] === "\n") n++; else kept.push(n);
      const joined = kept.map((n) => text[n]).join("");
      const spans = [...found(text).map(([from, to]) => [from, to]), ...found(joined).map(([from, to]) => [kept[from], kept[to - 1] + 1])];
      return runsOf(spans).map(([from, to]) => kit.piecesOf(at, from, to)).filter((pieces) => pieces.length);
    };
    const takeOut = ({ node, from, to }) => {
      const name = node.splitText(from);
      if (to - from < name.length) name.splitText(to - from);
      const bar = document.createElement("i");
      name.replaceWith(bar);
      bar.append(name);
      const width = bar.offsetWidth / parseFloat(getComputedStyle(bar).fontSize);
      bar.className = "covered";
      bar.style.width = `${width}em`; // the words after it stay where they are
      bar.textContent = "name";
    };
    return {
      // The boxes to paint over on this page; the text layer has no names after it.
      cover(layer, page) {
        const all = piecesIn(layer);
        // A line of text lies over the picture by its whole length; inside it letters may be off by a part of one.
        const boxes = all.flatMap((pieces) => pieces.map((piece) => kit.boxOf([piece], page)).filter(Boolean)).map(([left, top, right, bottom]) => {
          const size = page.clientHeight / page.clientWidth * (bottom - top);
          return [left - 0.3 * size, top - 0.1 * (bottom - top), right + 0.3 * size, bottom + 0.1 * (bottom - top)];
        });
        for (const pieces of all.reverse()) for (const piece of pieces.reverse()) takeOut(piece);
        return boxes;
      },
      paint(canvas, boxes) {
        const context = canvas.getContext("2d");
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.fillStyle = "#17191c";
        for (const [left, top, right, bottom] of boxes)
          context.fillRect(left * canvas.width, top * canvas.height, (right - left) * canvas.width, (bottom - top) * canvas.height);
      },
      // In what was quoted by somebody who saw the names.
      mask(element) {
        const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        for (let node = walk.nextNode(); node; node = walk.nextNode())
          for (const [from, to] of runsOf(found(node.data)).reverse()) node.data = `${node.data.slice(0, from)}[name]${node.data.slice(to)}`;
      },
    };
  };
})();
