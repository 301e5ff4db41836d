// Stop ends the training at the next step: the kernel is asked, or interrupted where it is busy.

const BY_HAND = "Press the notebook's ■: the first press stops the training at the next step.";

/** How the server of this page is asked to interrupt the kernel; null elsewhere. */
const interruption = (kernel) => {
  const config = document.getElementById("jupyter-config-data");
  if (!kernel || !config) return null;
  const { baseUrl, token } = JSON.parse(config.textContent);
  const crumb = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1];
  const headers = {
    ...(crumb && { "X-XSRFToken": decodeURIComponent(crumb) }),
    ...(token && { Authorization: `token ${token}` }),
  };
  const request = (path, method) =>
    fetch(`${baseUrl}api/kernels/${kernel}${path}`, { method, headers, credentials: "same-origin" });
  const done = (answer) => answer.then((each) => each.ok).catch(() => false);
  return { isPossible: () => done(request("", "GET")), now: () => done(request("/interrupt", "POST")) };
};

const stopTraining = async (seen, { ask }) => {
  if ((await ask({ kind: "stop" })) !== null) return "Stopping at the next step.";
  const stopped = await interruption(seen.about.kernel)?.now();
  return stopped ? "Interrupted: the training stops at the next step." : BY_HAND;
};

/** The button says what it does here; a line says so where it can do nothing. */
const explainStop = async (seen, { button, say, signal }) => {
  const does = "Ends the training at the next step";
  const possible = await interruption(seen.about.kernel)?.isPossible();
  const explain = () => {
    if (button.disabled) return;
    const heard = seen.isHeard();
    button.title = heard ? does : possible ? `${does}, by interrupting the kernel` : BY_HAND;
    say(heard || possible ? "" : `The kernel does not hear this page now. ${BY_HAND}`);
  };
  button.title = does;
  const timer = setInterval(explain, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
};
