// Hands in a model: drop or choose, the size checked before sending with the server's words, progress, cancel, then the receipt.
// Without this script the form is a plain upload that says the same.
(() => {
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const find = (name) => form.querySelector(`[data-upload-${name}]`);
  const input = form.elements.model, button = find("button"), bar = find("bar"), error = find("error");
  form.classList.add("js");
  button.type = "button";
  button.textContent = "Choose file";
  input.removeAttribute("required");
  let request = null;

  const kib = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString("en").replaceAll(",", "\u2009")} KiB`;
  const fail = (message) => {
    error.hidden = false;
    error.querySelector("span").textContent = message;
    find("state").hidden = true;
    button.hidden = false;
    input.value = "";
  };
  const send = (file) => {
    error.hidden = true;
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
    request.upload.onload = () => { find("words").textContent = `${file.name}: sent, waiting for the receipt`; };
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not ours: the sentence below says so */ }
      if (answer.url) location.assign(answer.url);
      else fail(answer.error?.message ?? `The server answered with ${request.status} and no reason; nothing was recorded. Try again.`);
    };
    request.onerror = () => fail("The connection broke off; nothing was recorded. Choose the file again: the same upload is never counted twice.");
    request.onabort = () => fail("The upload was cancelled; nothing was recorded.");
    find("state").hidden = false;
    button.hidden = true;
    bar.value = 0;
    find("words").textContent = `${file.name}: sending`;
    request.send(body);
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
