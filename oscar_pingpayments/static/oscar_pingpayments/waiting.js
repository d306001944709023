/* Looks every few seconds whether the waiting page is still right, and loads it anew when it is not. */
(function () {
  "use strict";
  var page = document.getElementById("pingpayments");
  var pause = 2000;
  var patience = 10000;
  var leaving = false;

  function again() {
    window.setTimeout(look, pause);
    pause = Math.min(pause * 1.2, 10000);
  }

  function look() {
    if (document.hidden) {
      again();
      return;
    }
    // An answer that never comes must not end the looking.
    var asking = new AbortController();
    var timer = window.setTimeout(asking.abort.bind(asking), patience);
    window
      .fetch(page.dataset.state, { credentials: "same-origin", cache: "no-store", signal: asking.signal })
      .finally(window.clearTimeout.bind(window, timer))
      .then(function (response) {
        return response.ok ? response.json() : { version: page.dataset.version };
      })
      .then(function (state) {
        if (leaving) {
          return; // loading this page anew would call the payer back from where a button leads
        }
        if (state.version !== page.dataset.version) {
          window.location.reload();
        } else {
          again();
        }
      })
      .catch(again);
  }

  document.addEventListener("visibilitychange", function () {
    pause = 2000;
  });
  document.addEventListener("submit", function () {
    leaving = true;
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      window.location.reload(); // brought back by the back button, as it was when it was left
    }
  });
  again();
})();
