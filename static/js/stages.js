// The models of a pipeline, one for each stage: dropped or chosen one by one or all at once, shown in their places, and packed into the one zip that
// is handed in (APPNOTE.TXT 4.3: stored members, a fixed date, so that the same models are the same file). upload.js sends it. Nothing is held in
// memory: the zip is made of the files themselves.
window.Stages = (() => {
  const CHUNK = 1 << 20, MOST = 0xffffffff, DAY = (46 << 9) | (1 << 5) | 1; // 2026-01-01
  const TABLE = Uint32Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c; });

  const crc32 = async (file) => {
    let crc = MOST;
    for (let at = 0; at < file.size; at += CHUNK)
      for (const byte of new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer())) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
    return (crc ^ MOST) >>> 0;
  };
  // Numbers of so many bytes each, the lowest byte first.
  const bytes = (...parts) => Uint8Array.from(parts.flatMap(([size, value]) => Array.from({ length: size }, (_, n) => (value / 256 ** n) & 255)));
  const facts = (one) => [[2, 20], [2, 0], [2, 0], [2, 0], [2, DAY], [4, one.crc], [4, one.file.size], [4, one.file.size], [2, one.name.length], [2, 0]];

  const pack = async (members, name) => {
    const body = [], directory = [];
    let at = 0;
    for (const { name: called, file } of members) {
      const one = { file, name: new TextEncoder().encode(called), crc: await crc32(file) };
      body.push(bytes([4, 0x04034b50], ...facts(one)), one.name, file);
      directory.push(bytes([4, 0x02014b50], [2, 20], ...facts(one), [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), one.name);
      at += 30 + one.name.length + file.size;
    }
    const size = directory.reduce((sum, part) => sum + part.length, 0), count = members.length;
    const end = bytes([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]);
    return new File([...body, ...directory, end], name, { type: "application/zip" });
  };

  // start(file) sends the zip, fail(sentence) says what is wrong. Gives what takes the files that somebody chose or dropped.
  const of = (form, start, fail) => {
    const rows = [...form.querySelectorAll("[data-stage]")], input = form.querySelector("input[type=file]"), go = form.querySelector("[data-stages-go]");
    const held = new Map(), endings = form.dataset.stageEndings.split(" ");
    const choose = form.querySelector("[data-upload-button]");
    choose.textContent = "Choose files";
    input.multiple = true;
    input.accept = `${input.accept},${endings.join(",")}`;
    const draw = () => {
      for (const row of rows) {
        const file = held.get(row.dataset.stage), state = row.querySelector("[data-stage-state]");
        state.textContent = file ? `${file.name}, ${Math.ceil(file.size / 1024).toLocaleString("en").replaceAll(",", "\u2009")} KiB` : `${row.dataset.names}: still missing`;
        state.className = file ? "good" : "second";
        row.querySelector("button").hidden = !file;
      }
      const missing = rows.filter((row) => !held.has(row.dataset.stage)).map((row) => row.dataset.stage);
      go.hidden = missing.length > 0;
      choose.classList.toggle("primary", go.hidden);
      form.querySelector("[data-upload-live]").textContent = held.size ? (missing.length ? `Still missing: ${missing.join(", ")}` : "Every stage has its model.") : "";
    };
    const place = (file) => {
      const name = file.name.toLowerCase(), dot = name.lastIndexOf("."), key = name.slice(0, Math.max(dot, 0)), ending = name.slice(dot);
      if (!rows.some((row) => row.dataset.stage === key)) return form.dataset.unknownStage.replace("{name}", file.name);
      if (dot < 0 || !endings.includes(ending)) return form.dataset.wrongStage.replace("{name}", file.name);
      if (!file.size) return `${file.name} is empty. Export it again, and choose the new file.`;
      held.set(key, file);
      return "";
    };
    const sum = () => [...held.values()].reduce((all, file) => all + file.size, 0);
    const packed = () => pack(rows.map((row) => {
      const file = held.get(row.dataset.stage);
      return { file, name: file.name.toLowerCase() };
    }), form.dataset.stages);
    go.addEventListener("click", async () => {
      if (sum() >= MOST) return fail("Together the models have more than 4 GiB, which no zip of this kind holds.");
      try { return start(await packed()); } catch { return fail("A file was changed, moved or deleted on your disk meanwhile. Choose it again."); }
    });
    for (const row of rows) row.querySelector("button").addEventListener("click", () => { held.delete(row.dataset.stage); draw(); });
    draw();
    return (files) => {
      form.querySelector("[data-upload-error]").hidden = form.querySelector("[data-upload-note]").hidden = true;
      if (files.length === 1 && files[0].name.toLowerCase().endsWith(".zip")) return start(files[0]);
      const wrong = files.map(place).filter(Boolean);
      input.value = "";
      draw();
      if (wrong.length) return fail(wrong.join(" "));
      return go.hidden || go.focus();
    };
  };
  return { of, pack };
})();
