// Dialogs: the "why?" panel and modals filled by htmx, the question before an act, buttons that open a <dialog>.
(function () {
  "use strict";
  var byId = function (id) { return document.getElementById(id); };
  var opener = null;

  function open(dialog) {
    if (!dialog || dialog.open) return;
    opener = document.activeElement;
    dialog.showModal();
  }
  function hasTyped(dialog) {
    return Array.prototype.some.call(dialog.querySelectorAll("textarea, input"), function (field) {
      return field.type !== "hidden" && (field.value !== field.defaultValue || field.checked !== field.defaultChecked);
    });
  }
  document.addEventListener("close", function () {
    if (opener && document.contains(opener)) opener.focus();
    opener = null;
  }, true);

  document.addEventListener("click", function (event) {
    var trigger = event.target.closest("[data-open-dialog]");
    if (trigger) open(byId(trigger.dataset.openDialog));
    if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog").close();
    // a click on the backdrop is a click on the dialog itself, outside its box
    if (event.target.matches("dialog.dialog[open]:not([role=alertdialog])")) {
      var place = event.target.getBoundingClientRect();
      var inside = event.clientX >= place.left && event.clientX <= place.right &&
        event.clientY >= place.top && event.clientY <= place.bottom;
      // a slip beside the dialog must not throw away what was typed; Escape and the cross are meant
      if (!inside && event.detail && !hasTyped(event.target)) event.target.close();
    }
  });

  // Links with data-panel or data-modal load into a dialog; opened plainly they are pages of their own.
  document.addEventListener("htmx:afterSwap", function (event) {
    var target = event.detail.target;
    if (target.id !== "panel-body" && target.id !== "modal-body") return;
    var dialog = target.closest("dialog");
    var source = event.detail.requestConfig && event.detail.requestConfig.elt;
    var title = source && (source.dataset.panel || source.dataset.modal);
    if (title) dialog.querySelector("h2").textContent = title;
    if (!target.childElementCount && !target.textContent.trim()) dialog.close(); else open(dialog);
    target.scrollTop = 0;
    // a form is typed into at once; what htmx focuses itself, as the summary of errors, keeps the focus
    var field = target.querySelector("form :is(textarea, select, input:not([type=hidden], [type=checkbox], [type=radio]))");
    if (field && dialog.open && !target.contains(document.activeElement)) field.focus();
  });
  // The server closes it: HX-Trigger: closeDialog
  document.addEventListener("closeDialog", function () {
    document.querySelectorAll("dialog.dialog[open]").forEach(function (dialog) { dialog.close(); });
  });

  // --- confirm: data-confirm on a form, a submit button or an hx-* element --------------------
  function ask(source) {
    var dialog = byId("confirm");
    var title = byId("confirm-title");
    var yes = byId("confirm-yes");
    title.textContent = source.dataset.confirmTitle || title.dataset.default;
    byId("confirm-text").textContent = source.dataset.confirm || source.getAttribute("hx-confirm") || "";
    yes.textContent = source.dataset.confirmYes || yes.dataset.default;
    yes.className = "btn " + (source.dataset.confirmTone === "danger" ? "btn-danger" : "btn-primary");
    dialog.returnValue = "no";
    return new Promise(function (resolve) {
      dialog.addEventListener("close", function () { resolve(dialog.returnValue === "yes"); }, { once: true });
      open(dialog);
    });
  }
  document.addEventListener("submit", function (event) {
    var source = event.submitter && event.submitter.dataset.confirm ? event.submitter : event.target;
    if (!source.dataset.confirm || event.target.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    var submitter = event.submitter;
    ask(source).then(function (yes) {
      if (!yes) return;
      event.target.dataset.confirmed = "1";
      event.target.requestSubmit(submitter || undefined);
      delete event.target.dataset.confirmed;
    });
  }, true);
  document.addEventListener("htmx:confirm", function (event) {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.elt).then(function (yes) { if (yes) event.detail.issueRequest(true); });
  });
})();
