// Sends one file in pieces over the tus protocol (tus-js-client), and goes on where it stopped: after a broken line, a pause, a reload.
// Knows no page: upload.js shows what it says. A server's refusal is an Error with `code`, `details`, `status` and our sentence as its message.
window.Resumable = (() => {
  const CHUNK = 8 << 20, SMALL = 64 << 20, WAITS_S = [1, 2, 4, 8, 15, 30], STALLED_MS = 25_000;
  const UNCLEAR = "The server gave an answer that cannot be read. What has arrived is kept; reload the page and go on.";

  // Read anew each time: signing in again in another tab changes it.
  const token = () => document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const refusal = (status, text) => {
    let said = {};
    try { said = JSON.parse(text).error ?? {}; } catch { /* not ours: a proxy, perhaps */ }
    return Object.assign(new Error(said.message ?? UNCLEAR), { code: said.code ?? "", details: said.details ?? {}, status });
  };
  const ask = async (method, url, { headers = {}, body } = {}) => {
    const all = { Accept: "application/json", "Tus-Resumable": "1.0.0", "X-CSRFToken": token(), ...headers };
    const answer = await fetch(url, { method, body, headers: all });
    if (!answer.ok) throw refusal(answer.status, await answer.text());
    return answer;
  };
  const isAway = (error) => !error.status || error.status >= 500;
  // While sending, a conflict is an older connection of ours that has not ended yet.
  const passes = (error) => isAway(error) || [409, 423].includes(error.status);
  const pause = (seconds) => new Promise((go) => { setTimeout(go, 1000 * seconds); addEventListener("online", go, { once: true }); });

  // The browser's own hash wants the whole file in memory, and a secure context; larger files are hashed in pieces.
  const sha256 = async (file, onShare, isOver = () => false) => {
    const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (file.size <= SMALL && window.crypto?.subtle) return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())));
    const hash = noble.sha256.create();
    for (let at = 0; at < file.size && !isOver(); at += 1 << 20) {
      hash.update(new Uint8Array(await file.slice(at, at + (1 << 20)).arrayBuffer()));
      onShare(Math.min(1, at / file.size));
    }
    return hex(hash.digest());
  };

  const encoded = (values) => Object.entries(values).map(([key, value]) => {
    const bytes = new TextEncoder().encode(value);
    return `${key} ${btoa(String.fromCharCode(...bytes))}`;
  }).join(",");
  const list = async (url, purpose, target) => (await (await ask("GET", `${url}?${new URLSearchParams({ purpose, target })}`)).json()).uploads;
  const announce = async (url, file, values) => {
    const headers = { "Upload-Length": String(file.size), "Upload-Metadata": encoded({ filename: file.name, ...values }) };
    const answer = await ask("POST", url, { headers });
    return { id: (await answer.json()).id, url: answer.headers.get("Location") };
  };

  // Again and again until it is through or refused for good; onWait(seconds, error) before each further try.
  const untilThrough = async (act, onWait, isOver = () => false) => {
    for (let tries = 0; ; tries += 1) {
      try { return await act(); } catch (error) {
        if (!isAway(error) || isOver()) throw error;
        const seconds = WAITS_S[Math.min(tries, WAITS_S.length - 1)];
        onWait(seconds, error);
        await pause(seconds);
        if (isOver()) throw error;
      }
    }
  };

  // Sends `file` to the upload at `url`. onProgress(bytes), onWait(seconds, error), onDone(), onStop(error): for good, or until resume().
  const send = ({ file, url, onProgress, onWait, onDone, onStop }) => {
    let tries = 0, timer = null, moved = 0, furthest = 0, state = "sending";
    const upload = new tus.Upload(file, {
      uploadUrl: url, chunkSize: CHUNK, retryDelays: null, storeFingerprintForResuming: false, headers: { Accept: "application/json" },
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", token()),
      onProgress: (bytes) => {
        moved = Date.now();
        onProgress(bytes);
      },
      onChunkComplete: (size, accepted) => { if (accepted > furthest) { furthest = accepted; tries = 0; } },
      onSuccess: () => finish(onDone),
      onError: (error) => failed(error.originalResponse ? refusal(error.originalResponse.getStatus(), error.originalResponse.getBody()) : error),
    });
    const watch = setInterval(() => {
      if (state !== "sending" || Date.now() - moved < STALLED_MS) return;
      upload.abort();
      failed(new Error("no byte went through"));
    }, 1000);
    const finish = (tell) => { clearInterval(watch); state = "over"; tell(); };
    const go = () => {
      clearTimeout(timer);
      state = "sending";
      moved = Date.now();
      upload.start();
    };
    const failed = async (error) => {
      if (state !== "sending") return;
      state = "waiting";
      try { await file.slice(0, 1).arrayBuffer(); } catch {
        return finish(() => onStop(new Error("The file was changed, moved or deleted on your disk meanwhile. Choose it again.")));
      }
      if (state !== "waiting") return undefined;
      if (error.status === 401) { state = "paused"; return onStop(error); }
      if (!passes(error)) return finish(() => onStop(error));
      const seconds = WAITS_S[Math.min(tries, WAITS_S.length - 1)];
      tries += 1;
      timer = setTimeout(go, 1000 * seconds);
      return onWait(seconds, error);
    };
    addEventListener("online", () => state === "waiting" && go());
    go();
    return {
      pause: () => { clearTimeout(timer); state = "paused"; upload.abort(); },
      resume: () => { if (state === "paused") { tries = 0; go(); } },
      stop: () => { clearTimeout(timer); clearInterval(watch); state = "over"; upload.abort(); },
    };
  };
  return { ask, announce, list, send, sha256, untilThrough };
})();
