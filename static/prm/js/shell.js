// The frame: menu on a phone, drop-down menus, search key, toasts, requests that failed.
(function () {
  "use strict";
  var root = document.documentElement;
  var mac = /Mac|iPhone|iPad/.test(navigator.platform || navigator.userAgent);

  // --- drawer -------------------------------------------------------------------------------
  var opener = null;
  function side() { return document.getElementById("side"); }
  function isDrawer() { return window.matchMedia("(max-width: 900px)").matches; }
  function setDrawer(open, trigger) {
    if (!side()) return;
    root.classList.toggle("nav-open", open);
    document.querySelectorAll("[data-nav-open]").forEach(function (button) {
      button.setAttribute("aria-expanded", String(open));
    });
    document.querySelectorAll("main, .top").forEach(function (part) { part.inert = open; });
    if (open) {
      opener = trigger;
      var first = side().querySelector("[data-nav-close], a");
      if (first) first.focus();
    } else if (opener) {
      opener.focus();
      opener = null;
    }
  }
  document.addEventListener("click", function (event) {
    var open = event.target.closest("[data-nav-open]");
    var close = event.target.closest("[data-nav-close]");
    if (open || close) {
      event.preventDefault();
      setDrawer(Boolean(open), open);
    }
  });

  // --- tabs wider than the screen: the one in use is in view ---------------------------------
  document.querySelectorAll(".tabs [aria-current], .account-nav [aria-current]").forEach(function (tab) {
    var bar = tab.closest(".tabs, .account-nav");
    if (bar.scrollWidth > bar.clientWidth) {
      bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
    }
  });

  // --- <details data-menu>: one open at a time, closed by Escape and by a click elsewhere ----
  function closeMenus(except) {
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (menu !== except) menu.open = false;
    });
  }
  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details[data-menu]"));
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var menu = document.activeElement && document.activeElement.closest("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (root.classList.contains("nav-open") && isDrawer()) {
      setDrawer(false);
    }
    closeMenus(null);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    var menu = event.target.closest && event.target.closest("details[data-menu][open]");
    if (!menu) return;
    var items = Array.from(menu.querySelectorAll(".menu-item, .seg > button"));
    var step = event.key === "ArrowDown" ? 1 : -1;
    var place = items.indexOf(document.activeElement) + step;
    if (items.length) {
      event.preventDefault();
      items[(place + items.length) % items.length].focus();
    }
  });

  // --- search: ⌘K or Ctrl K, and / ------------------------------------------------------------
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-command-key]").forEach(function (key) {
      key.textContent = mac ? "⌘K" : "Ctrl K";
    });
  });
  document.addEventListener("keydown", function (event) {
    if ((event.metaKey || event.ctrlKey) && !event.altKey && event.key.toLowerCase() === "k") {
      var box = document.querySelector("[data-search]");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
    }
    if (event.key === "Escape" && event.target.matches && event.target.matches("[data-search]")) {
      event.target.blur();
    }
    if (event.key === "ArrowDown" && event.target.matches && event.target.matches("[data-search]")) {
      var first = document.querySelector("#search-pop a");
      if (first) { event.preventDefault(); first.focus(); }
    }
  });

  // --- toasts ---------------------------------------------------------------------------------
  var box = function () { return document.getElementById("toasts"); };
  function watch(toast) {
    if (toast.dataset.watched) return;
    toast.dataset.watched = "1";
    if (toast.classList.contains("error")) return; // a problem stays until it is closed
    var timer = null;
    var start = function () { timer = setTimeout(function () { toast.remove(); }, 7000); };
    toast.addEventListener("mouseenter", function () { clearTimeout(timer); });
    toast.addEventListener("focusin", function () { clearTimeout(timer); });
    toast.addEventListener("mouseleave", start);
    start();
  }
  function toast(text, level) {
    var shape = document.getElementById("toast-shape");
    if (!shape || !box()) return;
    var item = shape.content.firstElementChild.cloneNode(true);
    item.className = "toast-item " + (level || "info");
    item.querySelector("div").textContent = text;
    box().append(item);
    watch(item);
  }
  window.prm = window.prm || {};
  window.prm.toast = toast;
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
  });
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-toast]").forEach(watch);
  });
  // The server says: HX-Trigger: {"toast": {"text": "Approved", "level": "success"}}
  document.addEventListener("toast", function (event) { toast(event.detail.text, event.detail.level); });
  document.addEventListener("htmx:responseError", function (event) {
    var text = event.detail.xhr.getResponseHeader("X-Message");
    toast(text ? decodeURIComponent(text) : box().dataset.errorText, "error");
  });
  document.addEventListener("htmx:sendError", function () { toast(box().dataset.offlineText, "error"); });
  // The browser asked for a passkey in vain: cancelled, none here, or an address that can have none.
  document.addEventListener("allauth.error", function (event) {
    event.preventDefault();
    toast(box().dataset.passkeyText, "error");
  });
  document.addEventListener("htmx:oobAfterSwap", function () {
    document.querySelectorAll("[data-toast]").forEach(watch);
  });
})();
