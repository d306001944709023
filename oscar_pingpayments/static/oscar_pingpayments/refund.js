/* Chooses "Parts of the order" or "An amount" when something is typed below it. Without this script one
   chooses by hand, and the shop refuses what was typed below another choice. */
(function () {
  "use strict";

  function follow(fields) {
    var radio = document.getElementById(fields.dataset.choice);
    fields.addEventListener("input", function (event) {
      var field = event.target;
      if (radio && (field.type === "checkbox" ? field.checked : field.value !== "")) {
        radio.checked = true;
      }
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-choice]"), follow);
}());
