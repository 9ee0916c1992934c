// A real HTTP server that gives prepared answers and remembers what it was asked.
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Starts a server for one test. Each answer is `[status, body, headers]`, or a function of the response that does
 * something else with it; the last one is repeated.
 */
export async function standIn(test, ...answers) {
  const calls = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const answer = answers[Math.min(calls.length, answers.length - 1)];
    calls.push({ at: Date.now(), method: request.method, url: request.url, headers: request.headers, body });
    if (typeof answer === "function") return answer(response);
    const [status, content = "", headers] = answer;
    response.writeHead(status, headers);
    response.end(typeof content === "string" ? content : JSON.stringify(content));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, calls };
}
