// Answers HTTP requests, and sends some to the authority that a query names.
addEventListener('fetch', (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const url = new URL(request.url);
  try {
    return await (PATHS[url.pathname] ?? describe)(request, url);
  } catch (error) {
    return new Response(`${error}`, { status: 502 });
  }
}

const describe = (request, url) =>
  new Response(`${request.method} ${url.pathname}${url.search} ${request.headers.get('x-kind')}`, {
    headers: { 'content-type': 'text/plain' },
  });

const PATHS = {
  '/echo': async (request) => new Response(await request.arrayBuffer()),
  '/slowly': () => {
    let part = 0;
    return new Response(
      new ReadableStream({
        async pull(controller) {
          if (part) {
            await new Promise((resolve) => setTimeout(resolve, 200));
          }
          controller.enqueue(new TextEncoder().encode(`part ${part}\n`));
          if (++part === 3) {
            controller.close();
          }
        },
      })
    );
  },
  '/get': async (_, url) => {
    const answer = await fetch(`http://${url.searchParams.get('from')}/hello`);
    return new Response(`${answer.status} ${await answer.text()}`);
  },
  '/post': async (request, url) => {
    const answer = await fetch(`http://${url.searchParams.get('to')}/echo?q=1`, {
      method: 'POST',
      headers: { 'x-one': '1' },
      body: await request.text(),
    });
    return new Response(await answer.text(), { headers: { 'content-type': answer.headers.get('content-type') } });
  },
  // Passes a response on as it comes.
  '/parts': async (_, url) => new Response((await fetch(`http://${url.searchParams.get('from')}/parts`)).body),
};
