// <form data-confirm="Question?"> asks before it is sent; <button data-dialog="#id"> opens a <dialog>.
// Without script the form is sent at once, so the server must never rely on the question.
(() => {
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.querySelector(opener.dataset.dialog);
      if (dialog) {
        event.preventDefault();
        dialog.showModal();
      }
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog")?.close();
    else if (event.target.matches("dialog[data-light-dismiss]")) event.target.close();
  });
})();
