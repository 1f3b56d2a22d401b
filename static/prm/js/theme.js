// Runs before the first paint: puts the reader's choice of light or dark on <html>. Without a choice the system decides.
(function () {
  "use strict";
  var key = "prm-theme";
  var system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try { return localStorage.getItem(key) || "auto"; } catch (error) { return "auto"; }
  }
  function apply() {
    var choice = chosen();
    var mode = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    if (document.documentElement.dataset.bsTheme !== mode) {
      document.documentElement.dataset.bsTheme = mode;
      document.dispatchEvent(new CustomEvent("prm:theme", { detail: mode }));
    }
    document.querySelectorAll("[data-theme-switch] [data-set-theme]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === choice));
    });
  }

  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-theme-switch] [data-set-theme]");
    if (!button) return;
    try { localStorage.setItem(key, button.dataset.setTheme); } catch (error) { /* private mode: for this page only */ }
    apply();
  });
})();
