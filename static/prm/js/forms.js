// Forms: drafts saved while typing, a warning before typed text is lost, one submit per click, first error in focus.
(function () {
  "use strict";

  // --- one submit per click -------------------------------------------------------------------
  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented) return;
    var form = event.target;
    if (form.method === "dialog" || form.method === "get") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    form.removeAttribute("data-changed");
    // a download leaves the page as it is, so the button must come back
    setTimeout(function () { release(form); }, 8000);
  });
  function release(form) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach(function (button) { button.removeAttribute("aria-busy"); });
  }
  window.addEventListener("pageshow", function () { document.querySelectorAll("form[data-sent]").forEach(release); });
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.detail.elt.closest ? event.detail.elt.closest("form") : null;
    if (form) release(form);
  });

  // --- unsaved changes: <form data-guard> ------------------------------------------------------
  document.addEventListener("input", function (event) {
    var form = event.target.closest("form[data-guard]");
    if (form) form.setAttribute("data-changed", "");
  });
  window.addEventListener("beforeunload", function (event) {
    if (document.querySelector("form[data-guard][data-changed]")) event.preventDefault();
  });

  // --- draft while typing: <form data-autosave="url"> with a [data-autosave-status] inside --------
  var timers = new WeakMap();
  document.addEventListener("input", function (event) {
    var form = event.target.closest("form[data-autosave]");
    if (!form || event.target.type === "file") return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(function () { save(form); }, 1200));
  });
  function status(form, text) {
    var place = form.querySelector("[data-autosave-status]");
    if (place) place.textContent = text;
  }
  function save(form) {
    if (form.dataset.sent || form.dataset.saving) return;
    var place = form.querySelector("[data-autosave-status]") || { dataset: {} };
    var data = new FormData(form);
    Array.from(form.querySelectorAll("input[type=file]")).forEach(function (file) { data.delete(file.name); });
    form.dataset.saving = "1";
    status(form, place.dataset.saving || "…");
    fetch(form.dataset.autosave, { method: "POST", body: data, headers: { "X-Autosave": "1" }, credentials: "same-origin" })
      .then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.headers.get("Content-Type").indexOf("json") > 0 ? response.json() : {};
      })
      .then(function (answer) {
        // a first save turns a new form into the draft's own: the server names where it lives from now on
        if (answer.action) form.action = answer.action;
        if (answer.autosave) form.dataset.autosave = answer.autosave;
        if (answer.url) history.replaceState(null, "", answer.url);
        Object.keys(answer.fields || {}).forEach(function (name) {
          if (form.elements[name]) form.elements[name].value = answer.fields[name];
        });
        form.removeAttribute("data-changed");
        form.dataset.savedAt = String(Date.now());
        delete form.dataset.saving;
        tick(form);
      })
      .catch(function () { status(form, place.dataset.failed || ""); })
      .finally(function () { delete form.dataset.saving; });
  }
  function tick(form) {
    var place = form.querySelector("[data-autosave-status]");
    if (!place || !form.dataset.savedAt || form.dataset.saving) return;
    var seconds = Math.round((Date.now() - Number(form.dataset.savedAt)) / 1000);
    var words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "long" });
    var text = seconds < 60 ? words.format(-seconds, "second") : words.format(-Math.round(seconds / 60), "minute");
    status(form, (place.dataset.saved || "%s").replace("%s", text));
  }
  setInterval(function () { document.querySelectorAll("form[data-saved-at]").forEach(tick); }, 10000);

  // --- after a refused form: the summary, or else the first field with an error --------------------
  function focusError(scope) {
    var summary = scope.querySelector("[data-error-summary]");
    var place = summary || scope.querySelector("[aria-invalid=true]");
    if (place && !place.closest("[data-sample]")) place.focus();
  }
  document.addEventListener("DOMContentLoaded", function () { focusError(document); });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.elt && event.detail.elt.querySelector) focusError(event.detail.elt);
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-error-summary] a[href^='#']");
    if (!link) return;
    var field = document.getElementById(link.hash.slice(1));
    if (field) {
      event.preventDefault();
      var closed = field.closest("details:not([open])");
      if (closed) closed.open = true;
      field.focus();
    }
  });

  // --- a proposal in an answer fills its field, unless somebody wrote there ------------------------
  document.addEventListener("htmx:afterSwap", function () {
    document.querySelectorAll("input[data-fills]").forEach(function (proposal) {
      var field = proposal.form && proposal.form.elements[proposal.dataset.fills];
      if (!field || (field.value.trim() && field.value !== field.dataset.filled)) return;
      field.value = field.dataset.filled = proposal.value;
    });
  });

  // --- files: drop them on the field --------------------------------------------------------------
  ["dragover", "dragleave", "drop"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var place = event.target.closest && event.target.closest("[data-drop]");
      if (!place) return;
      event.preventDefault();
      place.classList.toggle("over", name === "dragover");
      if (name === "drop") {
        var input = place.querySelector("input[type=file]");
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  });

  // --- small conveniences -------------------------------------------------------------------------
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button || !navigator.clipboard) return;
    navigator.clipboard.writeText(button.dataset.copy).then(function () {
      if (button.dataset.copied) window.prm.toast(button.dataset.copied, "success");
    });
  });
})();
