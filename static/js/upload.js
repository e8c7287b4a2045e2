// Hands in a model: drop or choose, the size checked before sending with the server's words, progress, cancel, then the receipt.
// Without this script the form is a plain upload that says the same.
(() => {
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const find = (name) => form.querySelector(`[data-upload-${name}]`);
  const input = form.elements.model, button = find("button"), bar = find("bar"), error = find("error"), note = find("note");
  form.classList.add("js");
  button.type = "button";
  button.textContent = "Choose file";
  // The button is the one way in for the keyboard; the field behind it only holds the file.
  input.removeAttribute("required");
  input.tabIndex = -1;
  input.setAttribute("aria-hidden", "true");
  let request = null;

  const kib = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString("en").replaceAll(",", "\u2009")} KiB`;
  // Back to the start, with a sentence: an error, or a note where the person wanted it so.
  const stop = (place, message) => {
    place.hidden = false;
    place.querySelector("span").textContent = message;
    find("state").hidden = true;
    button.hidden = false;
    input.value = "";
    button.focus();
  };
  const fail = (message) => stop(error, message);
  const send = (file) => {
    error.hidden = note.hidden = true;
    if (file.size > Number(form.dataset.maxBytes)) return fail(form.dataset.tooLarge.replace("{size}", kib(file.size)));
    if (file.size === 0) return fail("This file is empty. Export the model again, and choose the new file.");
    const body = new FormData();
    body.append("upload_key", form.elements.upload_key.value);
    body.append("model", file, file.name);
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.upload.onprogress = (event) => {
      bar.value = (100 * event.loaded) / event.total;
      find("words").textContent = `${file.name}: ${kib(event.loaded)} of ${kib(event.total)} sent`;
    };
    // From here on the server may have recorded it, so there is nothing left to cancel.
    request.upload.onload = () => {
      find("words").textContent = `${file.name}: sent, waiting for the receipt`;
      find("cancel").hidden = true;
    };
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not ours: the sentence below says so */ }
      if (answer.url) location.assign(answer.url);
      else fail(answer.error?.message ?? `The server answered with ${request.status} and no reason; nothing was recorded. Try again.`);
    };
    request.onerror = () => fail("The connection broke off; nothing was recorded. Choose the file again: the same upload is never counted twice.");
    request.onabort = () => stop(note, "You cancelled the upload; nothing was recorded.");
    find("state").hidden = false;
    find("cancel").hidden = false;
    button.hidden = true;
    bar.value = 0;
    find("words").textContent = `${file.name}: sending`;
    request.send(body);
    find("cancel").focus();
  };

  button.addEventListener("click", () => input.click());
  find("cancel").addEventListener("click", () => request?.abort());
  input.addEventListener("change", () => input.files.length && send(input.files[0]));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of ["dragover", "dragleave", "drop"]) form.addEventListener(type, (event) => {
    event.preventDefault();
    form.classList.toggle("over", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  });
})();
