/* Shows that a button was pressed, until the next page comes: it turns, and cannot be pressed again. */
(function () {
  "use strict";
  var page = document.getElementById("pingpayments");
  var patience = 30000;

  function show(button) {
    var spinner = document.createElement("span");
    spinner.className = "pingpayments-spinner";
    spinner.setAttribute("aria-hidden", "true");
    button.appendChild(spinner);
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
  }

  function undo() {
    page.querySelectorAll("button[aria-busy], button:disabled").forEach(function (button) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
      button.querySelectorAll(".pingpayments-spinner").forEach(function (spinner) {
        spinner.remove();
      });
    });
  }

  page.addEventListener("submit", function (event) {
    var button = event.target.querySelector("button[type=submit]");
    // A tick later, when the form has been sent: one whose button is disabled might not be.
    window.setTimeout(function () {
      if (button && !event.defaultPrevented && !button.disabled) {
        show(button);
        window.setTimeout(undo, patience); // no page has come: it was stopped, or the network is gone
      }
    }, 0);
  });
  // Also where the page is as it was left: brought back by the back button, or loaded anew by a browser
  // that keeps what was disabled.
  window.addEventListener("pageshow", undo);
})();
