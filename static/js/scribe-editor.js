// Saves the notes while one writes, attaches images that are dropped or pasted, leads from a finding to its line.
// Nothing is overwritten: the server refuses a text that was read before somebody else saved, and the page then shows both.
(() => {
  const form = document.querySelector("[data-editor]");
  if (!form) return;
  const text = form.elements.text, said = form.querySelector("[data-saved]");
  const cookie = () => document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? form.elements.csrfmiddlewaretoken.value;
  let saved = "unsaved" in form.dataset ? null : text.value, timer = 0, busy = false, wait = 1500, paused = "paused" in form.dataset, leaving = false;

  const say = (words, isBad = false) => {
    said.textContent = words;
    said.classList.toggle("tone-bad", isBad);
  };
  const send = (url, body) => fetch(url, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": cookie() } });
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };
  async function save() {
    if (busy || paused || text.value === saved) return;
    busy = true;
    const sent = text.value, body = new FormData();
    for (const [name, value] of [["text", sent], ["edition", form.elements.edition.value], ["tab", form.elements.tab.value]]) body.append(name, value);
    try {
      const response = await send(form.dataset.save, body);
      const isJson = response.headers.get("Content-Type")?.includes("json"), answer = isJson ? await response.json() : {};
      if (response.redirected || answer.error?.code === "csrf_failed")
        throw new Error("You are signed out. Sign in in another tab and keep this one open: the text stays here");
      if (!isJson) throw new Error("Not saved: the server did not take it");
      if (response.ok) {
        form.elements.edition.value = answer.edition;
        saved = sent;
        wait = 1500;
        say(`saved ${answer.saved_at}`);
      } else if (answer.error.code === "edited_meanwhile") {
        paused = true;
        say(`${answer.error.message} Press Save to see both.`, true);
      } else say(answer.error.message, true);
    } catch (error) {
      wait = Math.min(wait * 2, 30000);
      say(`${error instanceof TypeError ? "Not saved: no connection" : error.message}. It is tried again.`, true);
      later();
    }
    busy = false;
    if (!paused && text.value !== saved) later();
  }
  if (saved === null) later();
  text.addEventListener("input", () => {
    if (!said.classList.contains("tone-bad")) say("not saved yet");
    later();
  });
  form.addEventListener("submit", () => {
    leaving = true;
    clearTimeout(timer);
  });
  addEventListener("pagehide", save);
  addEventListener("beforeunload", (event) => {
    if (!leaving && text.value !== saved) event.preventDefault();
  });

  // -- images --
  const insert = (words) => {
    text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  async function attach(file) {
    const body = new FormData();
    body.append("image", file, file.name);
    body.append("name", `fig/${file.name === "image.png" ? `pasted-${Date.now()}.png` : file.name}`);
    say(`${file.name}: attaching`);
    try {
      const answer = await (await send(form.dataset.images, body)).json();
      if (answer.error) return say(answer.error.message, true);
      insert(answer.markdown);
      text.setSelectionRange(text.selectionEnd - answer.markdown.length + 2, text.selectionEnd - answer.markdown.length + 2);
      say(`${answer.name} is attached: say between the brackets what it shows`);
    } catch {
      say(`${file.name} was not attached: no answer from the server. Try again.`, true);
    }
  }
  const images = (list) => [...(list ?? [])].filter((file) => file.type.startsWith("image/"));
  for (const type of ["dragover", "dragleave", "drop"]) text.addEventListener(type, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    text.classList.toggle("over", type === "dragover");
    if (type === "drop") images(event.dataTransfer.files).forEach(attach);
  });
  text.addEventListener("paste", (event) => {
    const found = images(event.clipboardData?.files);
    if (found.length) event.preventDefault();
    found.forEach(attach);
  });

  // -- from a finding or a request to its line --
  addEventListener("click", (event) => {
    const line = Number(event.target.closest?.("[data-line]:is(a)")?.dataset.line ?? 0);
    if (!line) return;
    event.preventDefault();
    const lines = text.value.split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    text.scrollTop = Math.max(0, (line - 6) * (text.scrollHeight / lines.length));
  });
})();
