// Serves the files of a folder, gives back what it is sent, and does at some paths what servers seldom do.
'use strict';
const fs = require('fs');
const http2 = require('http2');

const [host, port, folder, exchanges, streams] = process.argv.slice(2);
const refused = new Set();

const server = http2.createServer({ maxSessionMemory: 200, settings: { maxConcurrentStreams: Number(streams) } });
server.on('session', (session) => {
    let count = 0;
    session.on('stream', (stream) => {
        count += 1;
        if (count == exchanges) session.goaway(http2.constants.NGHTTP2_NO_ERROR, stream.id);
    });
    session.on('error', () => {});
});
server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const path = headers[':path'].split('?')[0];
    const first = '/' + path.split('/')[1];
    if (first == '/refused' && !refused.has(path)) {
        refused.add(path);
        stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    } else if (headers[':method'] == 'POST') {
        echo(stream);
    } else if (first == '/trailers') {
        serve(stream, headers, path.slice(first.length), { 'x-end': 'yes' });
    } else if (first == '/broken') {
        breakOff(stream, path);
    } else if (first == '/hints') {
        stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload' });
        serve(stream, headers, '/small');
    } else {
        serve(stream, headers, path);
    }
});
server.listen(Number(port), host);

function echo(stream) {
    const pieces = [];
    let got = '';
    stream.on('data', (piece) => pieces.push(piece));
    stream.on('trailers', (trailers) => { got = trailers['x-sum']; });
    stream.on('end', () => {
        if (stream.destroyed) return;
        stream.respond({ ':status': 200, 'x-got': got });
        stream.end(Buffer.concat(pieces));
    });
}

function serve(stream, headers, path, trailers) {
    fs.readFile(folder + path, (error, content) => {
        if (stream.destroyed) return;
        const head = error ? { ':status': 404 } : { ':status': 200, 'content-length': content.length };
        const isHead = headers[':method'] == 'HEAD';
        stream.respond(head, { endStream: isHead, waitForTrailers: trailers !== undefined && !isHead });
        stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        if (!isHead) stream.end(content);
    });
}

function breakOff(stream, path) {
    stream.respond(path.endsWith('length') ? { 'content-length': 100 } : {});
    stream.write('hello', () => stream.destroy(new Error('broken off')));
}
