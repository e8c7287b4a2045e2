// The camera of the device looks for our labels. It stays open from one to the next, and hands on what it reads as an event `camera:code`.
(() => {
  "use strict";
  const root = document.querySelector("[data-camera]");
  if (!root) return;
  const view = root.querySelector(".scan-view");
  const video = root.querySelector("video");
  const [start, end] = [root.querySelector("[data-camera-start]"), root.querySelector("[data-camera-stop]")];
  const said = root.querySelector("[data-camera-said]");
  const canvas = document.createElement("canvas");
  const LONGEST = 640; // pixels of the longer side that are searched: enough for a label at arm's length, quick on an old phone
  const PAUSE_MS = 120;
  const SAME_MS = 2500; // the label that is still before the camera is not read again
  const WHY = {
    NotAllowedError: "The browser was not allowed to use the camera. Allow it in the settings of this page, or type the tag.",
    NotFoundError: "This device has no camera. Type the tag, or use a hand scanner.",
    NotReadableError: "Another program uses the camera. Close it and try again, or type the tag.",
  };
  let [detector, stream, last, seenAt] = [null, null, "", 0];

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
    view.hidden = end.hidden = true;
    start.hidden = false;
  }

  function found(text) {
    const now = performance.now();
    const isSame = text === last && now - seenAt < SAME_MS;
    [last, seenAt] = [text, now];
    if (isSame) return;
    view.classList.add("found");
    setTimeout(() => view.classList.remove("found"), 600);
    said.textContent = `Read ${text.split("/").filter(Boolean).pop().slice(0, 24)}.`;
    root.dispatchEvent(new CustomEvent("camera:code", { bubbles: true, detail: text }));
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
      view.hidden = end.hidden = false;
      await video.play();
      said.textContent = "";
      look();
    } catch (error) {
      stop();
      said.textContent = WHY[error.name] || "The camera cannot be used here: browsers allow it on https pages only. Type the tag.";
    }
  }

  start.addEventListener("click", begin);
  end.addEventListener("click", () => { stop(); said.textContent = ""; });
  addEventListener("pagehide", stop);
})();
