// Scan: the camera of the device looks for one of our labels; what it reads goes through the same form as a typed tag.
(() => {
  "use strict";
  const root = document.querySelector("[data-scan]");
  const form = document.querySelector("[data-scan-form]");
  if (!root || !form) return;
  const video = root.querySelector("video");
  const start = root.querySelector("[data-scan-start]");
  const said = root.querySelector("[role=status]");
  const canvas = document.createElement("canvas");
  const LONGEST = 640; // pixels of the longer side that are searched: enough for a label at arm's length, quick on an old phone
  const PAUSE_MS = 120;
  const KEEP = "scanKeep" in root.dataset; // the page takes one label after the other, and sends the form itself
  const AGAIN_MS = 2500; // a label that stays in the picture is read once
  const WHY = {
    NotAllowedError: "The browser was not allowed to use the camera. Allow it in the settings of this page, or type the tag.",
    NotFoundError: "This device has no camera. Type the tag, or use a hand scanner.",
    NotReadableError: "Another program uses the camera. Close it and try again, or type the tag.",
  };
  let detector = null;
  let stream = null;
  let last = "";
  let lastAt = 0;

  const load = (url) => new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = done;
    script.onerror = fail;
    document.head.append(script);
  });

  // The browser's own detector reads barcodes too; where there is none, a decoder of QR codes is fetched.
  async function choose() {
    if ("BarcodeDetector" in window) {
      const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
      if (formats.includes("qr_code")) {
        const own = new window.BarcodeDetector({ formats: formats.filter((one) => one === "qr_code" || one === "code_128") });
        return async (image) => (await own.detect(image))[0]?.rawValue || "";
      }
    }
    await load(root.dataset.decoder);
    return async (image) => {
      const pixels = image.getContext("2d").getImageData(0, 0, image.width, image.height);
      try {
        return window.qr.decodeQR({ width: pixels.width, height: pixels.height, data: pixels.data });
      } catch {
        return ""; // no code in this picture
      }
    };
  }

  function picture() {
    const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  function stop() {
    for (const track of stream?.getTracks() || []) track.stop();
    stream = null;
  }

  function found(text) {
    const view = root.querySelector(".scan-view").classList;
    const isAgain = KEEP && text === last && Date.now() - lastAt < AGAIN_MS;
    [last, lastAt] = [text, Date.now()];
    if (isAgain) return;
    view.add("found");
    if (KEEP) {
      navigator.vibrate?.(40);
      setTimeout(() => view.remove("found"), 400);
    } else {
      stop();
      said.textContent = "Read. Opening it.";
    }
    form.elements.code.value = text;
    form.requestSubmit();
  }

  async function look() {
    if (!stream) return;
    if (video.videoWidth) {
      const text = await detector(picture()).catch(() => "");
      if (text && stream) found(text);
    }
    setTimeout(look, PAUSE_MS);
  }

  async function begin() {
    start.hidden = true;
    said.textContent = "Starting the camera.";
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new Error("insecure");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
      detector = detector || (await choose());
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      said.textContent = "Hold the label so that its square code fills a third of the picture.";
      look();
    } catch (error) {
      stop();
      start.hidden = false;
      video.hidden = true;
      said.textContent = WHY[error.name] || "The camera cannot be used here: browsers allow it on https pages only. Type the tag.";
    }
  }

  start.addEventListener("click", begin);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { // back from the item: ready for the next label
    if (event.persisted) { start.hidden = false; video.hidden = true; root.querySelector(".scan-view").classList.remove("found"); }
  });
})();
