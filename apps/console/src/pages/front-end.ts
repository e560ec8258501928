import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import { refuse, wantsPage } from '../refuse.ts'
import { nonceOf } from '../security-headers.ts'

const placeholder = '__CSP_NONCE__'

/**
 * Serves the built front end: its files as they are, and its page for every other path that a person asks for, because
 * the page itself knows what to show there.
 * @param directory - where `index.html` and `assets` are
 */
export async function addFrontEnd(app: FastifyInstance, directory: string, access: Access): Promise<void> {
  const answerPage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (access.identify(request) === null) {
      if (access.login !== undefined) return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 303)
      return refuse(request, reply, {
        status: 401,
        code: 'ERR_UNAUTHENTICATED',
        detail: 'It is not known who asks.',
      })
    }
    // Read each time: it is small, and may be built anew while the console runs.
    const html = await readFile(join(directory, 'index.html'), 'utf8').catch(() => undefined)
    if (html === undefined)
      return refuse(request, reply, {
        status: 503,
        code: 'ERR_NOT_BUILT',
        detail: 'The pages of the console have not been built: npx nx run console:build does it.',
      })
    return reply
      .header('Cache-Control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(html.replaceAll(placeholder, nonceOf(reply.raw)))
  }

  app.get('/', answerPage)
  app.get('/index.html', answerPage)
  await app.register(fastifyStatic, {
    root: directory,
    index: false,
    dotfiles: 'ignore',
    cacheControl: false,
    decorateReply: false,
    suppressWarning: true,
    setHeaders(reply, path) {
      // The name of an asset has the hash of what is in it.
      const isAsset = path.startsWith(join(directory, 'assets'))
      reply.header('Cache-Control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.setNotFoundHandler((request, reply) => {
    const get = request.method === 'GET' || request.method === 'HEAD'
    if (get && wantsPage(request) && !/^\/assets(?:[/?]|$)/.test(request.url)) return answerPage(request, reply)
    return refuse(request, reply, { status: 404, code: 'ERR_NOT_FOUND', detail: 'There is nothing here.' })
  })
}
