// Lists: the queue by keyboard, rows that open on click, selection with its bar.
(function () {
  "use strict";

  // --- single keys can be turned off (WCAG 2.1.4) ----------------------------------------------
  var key = "prm-single-keys";
  function keysOn() {
    try { return localStorage.getItem(key) !== "off"; } catch (error) { return true; }
  }
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-shortcuts-switch]").forEach(function (box) { box.checked = keysOn(); });
    prepare(document);
  });
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-shortcuts-switch]")) return;
    try { localStorage.setItem(key, event.target.checked ? "on" : "off"); } catch (error) { /* only for this page */ }
  });

  // --- queue ------------------------------------------------------------------------------------
  // <table data-queue> with <tr data-row>; inside a row [data-key=a|r|x] acts and [data-row-link] opens.
  var lastPlace = 0;
  function prepare(scope) {
    scope.querySelectorAll("[data-queue] [data-row]").forEach(function (row) {
      if (!row.hasAttribute("tabindex")) row.tabIndex = -1;
    });
    document.querySelectorAll("[data-queue]").forEach(function (queue) {
      var list = queue.querySelectorAll("[data-row]");
      if (list.length && !queue.querySelector("[data-row][tabindex='0']")) list[0].tabIndex = 0;
    });
  }
  function rows() { return Array.from(document.querySelectorAll("[data-queue] [data-row]")); }
  function current() {
    return document.activeElement && document.activeElement.closest("[data-queue] [data-row]");
  }
  function goTo(row) {
    if (!row) return;
    rows().forEach(function (each) { each.tabIndex = each === row ? 0 : -1; });
    lastPlace = rows().indexOf(row);
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }
  function typing(element) {
    return element && (element.isContentEditable || /^(TEXTAREA|SELECT)$/.test(element.tagName) ||
      (element.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(element.type)));
  }
  document.addEventListener("keydown", function (event) {
    if (event.metaKey || event.ctrlKey || event.altKey || !keysOn() || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      var help = document.getElementById("shortcuts");
      if (help) help.showModal();
      return;
    }
    if (!document.querySelector("[data-queue]")) return;
    var list = rows();
    var row = current();
    var place = row ? list.indexOf(row) : -1;
    var pressed = event.key.toLowerCase();
    if (pressed === "j" || (event.key === "ArrowDown" && row)) {
      event.preventDefault();
      goTo(list[Math.min(place + 1, list.length - 1)] || list[0]);
    } else if (pressed === "k" || (event.key === "ArrowUp" && row)) {
      event.preventDefault();
      goTo(list[Math.max(place - 1, 0)]);
    } else if (row && event.key === "Enter" && event.target === row) {
      var link = row.querySelector("[data-row-link]");
      if (link) link.click();
    } else if (row && pressed === "s") {
      var box = row.querySelector("[data-select]");
      if (box) { event.preventDefault(); box.click(); }
    } else if (row && pressed.length === 1 && !event.shiftKey) {
      var button = row.querySelector("[data-key='" + CSS.escape(pressed) + "']");
      if (button) { event.preventDefault(); button.click(); }
    }
  });
  document.addEventListener("focusin", function (event) {
    var row = event.target.closest && event.target.closest("[data-queue] [data-row]");
    if (row) lastPlace = rows().indexOf(row);
  });
  // A decided row goes away: the next one takes its place and the focus.
  document.addEventListener("htmx:afterSettle", function (event) {
    prepare(document);
    var queue = document.querySelector("[data-queue]");
    if (queue && (document.activeElement === document.body || !document.contains(document.activeElement))) {
      var path = event.detail.requestConfig && event.detail.requestConfig.verb;
      if (path === "post") goTo(rows()[Math.min(lastPlace, rows().length - 1)]);
    }
    count();
  });

  // --- a row opens its page, links and controls inside keep their own click ---------------------------
  document.addEventListener("click", function (event) {
    var row = event.target.closest("tr.go");
    if (!row || event.defaultPrevented || event.target.closest("a, button, input, select, label, summary, textarea")) return;
    if (String(window.getSelection())) return;
    var link = row.querySelector("[data-row-link]");
    if (!link) return;
    if (event.metaKey || event.ctrlKey) window.open(link.href, "_blank", "noopener"); else link.click();
  });

  // --- filters: empty ones stay out of the address -----------------------------------------------
  document.addEventListener("htmx:configRequest", function (event) {
    if (!event.detail.elt.matches("form[data-clean]")) return;
    var data = event.detail.formData || event.detail.parameters;
    Array.from(new Set(data.keys ? data.keys() : Object.keys(data))).forEach(function (name) {
      var values = data.getAll ? data.getAll(name) : [data[name]];
      if (values.every(function (value) { return value === ""; })) {
        if (data.delete) data.delete(name); else delete data[name];
      }
    });
  });

  // --- selection ----------------------------------------------------------------------------------
  function count() {
    document.querySelectorAll("[data-bulk]").forEach(function (bar) {
      var scope = document.getElementById(bar.dataset.bulk) || document;
      var boxes = Array.from(scope.querySelectorAll("[data-select]"));
      var chosen = boxes.filter(function (box) { return box.checked; }).length;
      var all = scope.querySelector("[data-select-all]");
      if (all) {
        all.checked = chosen > 0 && chosen === boxes.length;
        all.indeterminate = chosen > 0 && chosen < boxes.length;
      }
      bar.classList.toggle("on", chosen > 0);
      var place = bar.querySelector("[data-bulk-count]");
      if (place) place.textContent = String(chosen);
    });
  }
  var lastBox = null;
  document.addEventListener("click", function (event) {
    var box = event.target.closest("[data-select]");
    if (!box) return;
    if (event.shiftKey && lastBox && document.contains(lastBox)) {
      var boxes = Array.from(document.querySelectorAll("[data-select]"));
      var ends = [boxes.indexOf(box), boxes.indexOf(lastBox)].sort(function (a, b) { return a - b; });
      boxes.slice(ends[0], ends[1] + 1).forEach(function (each) { each.checked = box.checked; });
    }
    lastBox = box;
    count();
  });
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-select-all]")) return;
    event.target.closest("table").querySelectorAll("[data-select]").forEach(function (box) {
      box.checked = event.target.checked;
    });
    count();
  });
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-select-none]")) return;
    document.querySelectorAll("[data-select], [data-select-all]").forEach(function (box) { box.checked = false; });
    count();
  });
})();
