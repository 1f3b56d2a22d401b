// Charts: draws each <figure data-chart> with Vega when it comes into view, again when the colours change.
// The Vega files are large, so they are fetched only on a page that has a chart.
(function () {
  "use strict";
  var loading = null;
  var theme = null;

  function script(address) {
    return new Promise(function (resolve, reject) {
      var tag = document.createElement("script");
      tag.src = address;
      tag.async = false;
      tag.onload = resolve;
      tag.onerror = reject;
      document.head.append(tag);
    });
  }
  function ready(figure) {
    if (!loading) {
      var files = figure.dataset.scripts.split(" ");
      loading = Promise.all(files.map(script).concat([
        fetch(figure.dataset.theme).then(function (response) { return response.json(); }).then(function (data) { theme = data; }),
      ]));
    }
    return loading;
  }
  function config() {
    var mode = document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";
    var names = Object.assign({}, theme.tokens[mode]);
    var probe = getComputedStyle(document.querySelector(".chart-probe"));
    names.main = probe.color;             // the brand's colour
    names.soft = probe.backgroundColor;   // and its tints
    names.second = probe.borderTopColor;
    names.wash = probe.outlineColor;
    names.paper = probe.caretColor;
    names.font = theme.fonts[mode];
    return JSON.parse(JSON.stringify(theme.config), function (_key, value) {
      return typeof value === "string" && value[0] === "@" ? names[value.slice(1)] || value : value;
    });
  }
  function draw(figure) {
    return ready(figure).then(function () {
      var spec = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
      var box = figure.querySelector(".chart-box");
      var place = document.createElement("div");
      place.className = "vega-embed";
      var old = box.querySelector(".vega-embed");
      // measured inside the box, shown when drawn: the space below keeps the height meanwhile
      box.append(place);
      return window.vegaEmbed(place, spec, {
        actions: false,
        ast: true,
        renderer: "svg",
        defaultStyle: false,
        config: config(),
        tooltip: { disableDefaultStyle: true },
        loader: { load: function () { return Promise.reject(new Error("a chart loads nothing")); } },
      }).then(function (result) {
        if (figure.chartView) figure.chartView.finalize();
        figure.chartView = result.view;
        if (old) old.remove();
        var space = box.querySelector(".chart-space");
        if (space) space.remove();
        figure.dataset.drawn = "1";
      });
    }).catch(function (error) {
      // without the drawing the table is the chart
      var table = figure.querySelector("details");
      if (table) table.open = true;
      figure.dataset.failed = String(error);
    });
  }

  var watcher = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (!entry.isIntersecting) return;
      watcher.unobserve(entry.target);
      draw(entry.target);
    });
  }, { rootMargin: "300px" });

  function find(scope) {
    scope.querySelectorAll("figure[data-chart]:not([data-seen])").forEach(function (figure) {
      figure.dataset.seen = "1";
      watcher.observe(figure);
    });
  }
  document.addEventListener("DOMContentLoaded", function () { find(document); });
  document.addEventListener("htmx:load", function (event) { find(event.detail.elt.parentNode || document); });
  document.addEventListener("prm:theme", function () {
    document.querySelectorAll("figure[data-drawn]").forEach(draw);
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("figure[data-chart]:not([data-drawn])").forEach(draw);
  });
})();
