// Passkeys. form[data-passkey]: "sign-in" asks its address for what to sign, "show" and "make" find it in the page (#passkey-options).
// What the passkey says goes into the field `credential`, and the form is sent. Buttons are hidden until a browser knows passkeys.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));

  const asked = async (form) => {
    if (form.dataset.passkey !== "sign-in") {
      const found = JSON.parse(document.getElementById("passkey-options").textContent);
      return (found.creation_options ?? found.request_options).publicKey;
    }
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return (await answer.json()).publicKey;
  };

  const make = async (options) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: listed(options.excludeCredentials),
        authenticatorSelection: { ...options.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" },
      },
    });
    return {
      ...head(made),
      response: {
        attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON),
        transports: made.response.getTransports?.() ?? [],
      },
    };
  };

  const show = async (options) => {
    const found = await navigator.credentials.get({
      publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) },
    });
    const said = found.response;
    return {
      ...head(found),
      response: {
        authenticatorData: text(said.authenticatorData), clientDataJSON: text(said.clientDataJSON), signature: text(said.signature),
        userHandle: said.userHandle ? text(said.userHandle) : null,
      },
    };
  };

  const head = (found) => ({
    id: found.id, rawId: text(found.rawId), type: found.type, authenticatorAttachment: found.authenticatorAttachment,
    clientExtensionResults: found.getClientExtensionResults(),
  });

  const failed = (form, error) => {
    const said = form.querySelector("[data-passkey-says]");
    said.hidden = false;
    const words = {
      NotAllowedError: "No passkey was used: it was declined, or it took too long. Nothing was changed.",
      InvalidStateError: "This device holds a passkey of your account already.",
    };
    said.textContent = words[error.name] ?? "The passkey could not be used here. Sign in in another way.";
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) {
      form.querySelector("[data-passkey-none]")?.removeAttribute("hidden");
      continue;
    }
    const button = form.querySelector("[data-passkey-button]");
    button.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        const options = await asked(form);
        form.elements.credential.value = JSON.stringify(await (form.dataset.passkey === "make" ? make : show)(options));
        form.submit();
      } catch (error) {
        button.disabled = false;
        failed(form, error);
      }
    });
  }
})();
