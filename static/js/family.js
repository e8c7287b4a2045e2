// The family of variants: many files at once, each sent in pieces and put on the desk, one after the other; what is refused says why beside
// its name. And the page loads itself again when all is measured, unless somebody is writing in it.
(() => {
  addEventListener("family-measured", () => {
    const typed = document.querySelector("[data-family-edit]"), sending = document.querySelector("[data-family][aria-busy='true']");
    if (!typed && !sending) location.reload();
  });

  const form = document.querySelector("[data-family]");
  if (!form || !window.Resumable) return;
  const { uploads, purpose, target, done } = form.dataset;
  const find = (name) => form.querySelector(`[data-family-${name}]`);
  const input = form.elements.file, button = find("button"), list = find("list"), end = find("end");
  form.classList.add("js");
  button.type = "button";
  button.textContent = "Choose files";
  input.multiple = true;
  input.removeAttribute("required");
  input.tabIndex = -1;
  input.setAttribute("aria-hidden", "true");

  const kib = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString("en").replaceAll(",", "\u2009")} KiB`;
  const say = (text) => { find("live").textContent = text; };
  const wrong = (file) => {
    if (file.size > Number(form.dataset.maxBytes)) return form.dataset.tooLarge.replace("{size}", kib(file.size));
    if (file.size === 0) return "This file is empty. Export the model again, and choose the new file.";
    if (!form.dataset.endings.split(" ").some((ending) => file.name.toLowerCase().endsWith(ending))) return form.dataset.wrongEnding.replace("{name}", file.name);
    return "";
  };
  const row = (file) => {
    const item = document.createElement("li"), name = document.createElement("span"), state = document.createElement("span");
    name.textContent = file.name;
    state.textContent = "waits";
    item.append(name, state);
    list.append(item);
    return (text, tone = "") => { state.textContent = text; state.className = tone; };
  };

  const sent = (file, upload, show) => new Promise((resolve, reject) => {
    Resumable.send({
      file, url: upload.url, onDone: resolve, onStop: reject,
      onProgress: (bytes) => show(`${Math.floor((100 * bytes) / file.size)} % of ${kib(file.size)} sent`),
      onWait: (seconds) => show(`The line was lost. What has arrived is kept; trying again in ${seconds} s.`),
    });
  });
  const put = async (file, show) => {
    const waits = (seconds) => show(`No answer. Trying again in ${seconds} s.`);
    const sha256 = await Resumable.sha256(file, () => {});
    const upload = await Resumable.untilThrough(async () => {
      const known = (await Resumable.list(uploads, purpose, target)).find((one) => one.declared_sha256 === sha256 && one.size_bytes === file.size);
      return known ?? Resumable.announce(uploads, file, { purpose, target, sha256 });
    }, waits);
    if (upload.status !== "complete") await sent(file, upload, show);
    const body = new FormData();
    body.append("upload_key", upload.id);
    body.append("upload_id", upload.id);
    await Resumable.untilThrough(() => Resumable.ask("POST", form.action, { body }), waits);
  };

  let queue = Promise.resolve(), refused = 0, taken = 0, waiting = 0;
  const finish = () => {
    form.removeAttribute("aria-busy");
    if (!refused) return location.assign(done);
    const words = `${taken} added, ${refused} not.`;
    end.hidden = false;
    end.querySelector("span").textContent = `${words} `;
    const link = Object.assign(document.createElement("a"), { href: done, textContent: "Show the family" });
    if (taken) end.querySelector("span").append(link);
    return say(words);
  };
  const add = (files) => {
    if (!waiting) { list.replaceChildren(); refused = taken = 0; }
    list.hidden = false;
    end.hidden = true;
    form.setAttribute("aria-busy", "true");
    say(`${files.length} files`);
    for (const file of files) {
      const show = row(file), words = wrong(file);
      waiting += 1;
      queue = queue.then(async () => {
        try {
          if (words) throw new Error(words);
          await put(file, show);
          show("added", "good");
          taken += 1;
        } catch (problem) {
          show(problem.message, "bad");
          refused += 1;
        }
        waiting -= 1;
        if (!waiting) finish();
      });
    }
  };

  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files.length) add([...input.files]);
    input.value = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of ["dragover", "dragleave", "drop"]) form.addEventListener(type, (event) => {
    event.preventDefault();
    form.classList.toggle("over", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length) add([...event.dataTransfer.files]);
  });
})();
