import { describe, expect, it } from 'vitest'
import { toHtml } from './html.ts'
import { html } from './markup.ts'
import { samplePassed, sampleResults, sampleSummary, sampleTimeline } from './sample.ts'

describe('html``', () => {
  it('escapes what is put in, but not markup', () => {
    const part = html`<b>${'<i>'}</b>`
    expect(html`<p title="${'"\'&'}">${part}${[part, 1]}${undefined}</p>`.text).toBe(
      '<p title="&quot;&#39;&amp;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b>1</p>',
    )
  })
})

describe('toHtml', () => {
  const page = toHtml(sampleSummary, sampleTimeline)

  it('asks for nothing from anywhere', () => {
    expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'")
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed)\b/i)
    expect(page).not.toMatch(/(src|srcset|action)=|@import|url\(/i)
    const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href ?? '')
    expect(links.length).toBeGreaterThan(3)
    expect(links.filter((href) => !href.startsWith('./'))).toEqual([])
  })

  it('shows every scenario with its claim, verdict, reason, hint and evidence', () => {
    for (const result of sampleResults) expect(page).toContain(result.id)
    expect(page).toContain('DataLossError: 1 of 23 acknowledged rows is missing: &quot;eu-south-1')
    expect(page).toContain('&lt;Milan &amp; more&gt;')
    expect(page).toContain('Look at commitlog_sync')
    expect(page).toContain('22 of 23 rows read back')
    expect(page).toMatch(/How long it was awaited[^]*class="bar"\s+x="0"\s+y="0"\s+width="667"/)
    expect(page).toContain('needs the capability nacl')
  })

  it('names a planted defect in its header', () => {
    expect(page).not.toContain('planted')
    const planted = toHtml({ ...sampleSummary, sabotage: 'lost-row' }, sampleTimeline)
    expect(planted).toMatch(/<header>[^]*with the planted defect lost-row[^]*<\/header>/)
  })

  it('shows what stands behind the images and what differs from EKS', () => {
    expect(page).toContain('gcr.io/google-samples/cassandra:v11')
    expect(page).toContain('Cassandra 3.11.19 on JDK 8')
    expect(page).toContain('EBS volumes are ext4 on loop devices over sparse files.')
  })

  it('draws a scenario’s waits where they were', () => {
    const [, bars = ''] = page.split('cassandra/cordon/a-pod-whose-zone-is-cordoned')
    const stay = /pod cassandra-0 to stay Pending[\s\S]*?<rect([^>]*)>/.exec(bars)?.[1] ?? ''
    // 91.0 s … 151.0 s in a scenario from 80.7 s to 177.0 s
    expect(stay).toMatch(/x="107"/)
    expect(stay).toMatch(/width="623(\.\d)?"/)
    expect(bars).toContain('fault.injected: cordoned ip-10-0-1-10.ec2.internal')
  })

  it('shows what the cluster did with the scenario in whose time it was', () => {
    const [card = ''] =
      page.split('cassandra/cordon/a-pod-whose-zone-is-cordoned')[1]?.split('</article>') ?? []
    expect(card).toContain('pod.pending: cassandra-0 waits: 0/3 nodes are available')
    expect(page.split('pod.pending:')).toHaveLength(2)
    expect(page).not.toContain('pod.deleted')
  })

  it('folds away what is of use when something went wrong alone', () => {
    const cards = page.split('<article ').slice(1)
    const timelines = cards.map((card) => /<details ?(open)?>\s*<summary>Timeline/.exec(card))
    expect(timelines.map((found) => found && (found[1] ?? 'folded'))).toEqual([
      'folded',
      'open',
      null,
      null,
    ])
    const seen = cards[1]?.match(/What was seen/g)
    // Of three things seen one was as claimed, one was not and one had no data.
    expect(seen).toHaveLength(1)
  })

  it('leaves short waits out of a chart, but no step', () => {
    const at = (kind: string, text: string, fromMs: number, toMs: number) =>
      ['begin', 'end'].map((edge) => ({
        atMs: edge === 'begin' ? fromMs : toMs,
        source: 'scenario' as const,
        scenario: sampleResults[1]?.id ?? '',
        kind: `${kind}.${edge}`,
        text,
      }))
    const text = toHtml(sampleSummary, [
      ...at('wait', 'a short wait', 90_000, 90_100),
      ...at('wait', 'a longer wait', 91_000, 92_000),
      ...at('step', 'a short step', 93_000, 93_001),
    ])
    expect(text).not.toContain('a short wait')
    expect(text).toContain('a longer wait')
    expect(text).toContain('a short step')
    expect(text).toContain('1 lesser row')
  })

  it('says at the top what went wrong beside the scenarios', () => {
    const broken = toHtml({ ...samplePassed, exitCode: 4, leaks: ['volume vol-1 is left'] }, [])
    expect(broken).toContain('<title>not undone')
    expect(broken).toContain('volume vol-1 is left')
    expect(broken.indexOf('volume vol-1 is left')).toBeLessThan(broken.indexOf('Scenarios</h2>'))
    expect(toHtml(samplePassed, [])).not.toContain('Left behind')
  })

  it('stays a page of bounded size', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => [
      { atMs: i * 10, source: 'scenario' as const, kind: 'wait.begin', text: `w${i}` },
      { atMs: i * 10 + 5, source: 'scenario' as const, kind: 'wait.end', text: `w${i}` },
    ]).flat()
    const huge = toHtml(
      {
        ...sampleSummary,
        results: sampleResults.map((result) => ({ ...result, stack: 'x'.repeat(1_000_000) })),
      },
      many,
    )
    expect(huge.length).toBeLessThan(200_000)
    expect(huge).toContain('lesser rows are in timeline.ndjson')
  })
})
