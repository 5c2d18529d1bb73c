import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import en from '@/i18n/en'
import zh from '@/i18n/zh'
import { factWords, story } from './facts'
import { apiQuery, queryString, readFilters, setKeys, writeFilters } from './filters'
import { APPROVAL_OF, NOT_ON_A_CASE, STEPS, formOf, initialValues, isQuick, missing, stepBody } from './steps'
import type { CaseView, FactView } from './types'

const rust = (path: string) => readFileSync(resolve(import.meta.dirname, '../../../../crates', path), 'utf8')
beforeAll(() => setLocale('zh-CN'))

const view = { id: '7', class: { key: '2026-event-01', name: { zh: '路面破损', en: 'Pothole' } }, text: '坑洞', address: '东风街', lng: 1, lat: 2, urgent: false, approvals: ['extension'], urgings: [] } as unknown as CaseView
const fact = (name: string, data: object = {}, more: Partial<FactView> = {}): FactView => ({
  seq: 1, at: 0, by: 'person', person: null, role: null, department: null, rule: null, fact: name, data: { fact: name, ...data }, names: {}, took_ms: null, depth: 0, evidence: [], ...more,
})

describe('the table of steps', () => {
  it('has a form for every step there are words for', () => {
    const named = Object.keys(zh.steps ?? {})
    const known = [...Object.keys(STEPS), ...NOT_ON_A_CASE]
    expect(named.filter((step) => !known.includes(step))).toEqual([])
    expect(known.filter((step) => !named.includes(step))).toEqual([])
  })

  it('names the fields the server reads', () => {
    const source = rust('app/src/step.rs')
    const body = source.slice(source.indexOf('pub enum StepIn'), source.indexOf('/// A step with its lock'))
    const variants = [...body.matchAll(/^ {4}([A-Z]\w+)(?: \{([\s\S]*?)\n? ?\},|,)$/gm)].map((match) => ({
      step: (match[1] ?? '').replace(/[A-Z]/g, (letter, at: number) => (at ? '_' : '') + letter.toLowerCase()),
      fields: [...(match[2] ?? '').matchAll(/(\w+): /g)].map((field) => field[1] ?? ''),
    }))
    expect(variants.length).toBeGreaterThan(55)
    expect(variants.map((one) => one.step).filter((step) => !STEPS[step])).toEqual([])
    for (const { step, fields } of variants) {
      const unknown = formOf(step).fields.map((field) => field.name).filter((name) => !fields.includes(name))
      expect(unknown, step).toEqual([])
    }
  })

  it('has words for its choices, fields and photos in both languages', () => {
    for (const messages of [zh, en]) {
      const words = messages.case as Record<string, Record<string, Record<string, string>>>
      for (const [step, form] of Object.entries(STEPS)) {
        for (const field of form.fields) {
          expect(words.field?.[field.label ?? field.name], `${step}.${field.name}`).toBeTruthy()
          if (field.kind === 'yesno') expect(words.yesno?.[field.label ?? field.name], `${step}.${field.name}`).toBeTruthy()
          if (Array.isArray(field.choices)) for (const choice of field.choices as string[]) expect(words.choice?.[step]?.[choice], `${step}.${choice}`).toBeTruthy()
          if (field.kind === 'photos') expect(words.photos_for?.[field.photoKind ?? 'near'], step).toBeTruthy()
        }
      }
      for (const approval of Object.values(APPROVAL_OF)) expect(words.approval?.[approval]).toBeTruthy()
    }
  })

  it('knows which steps one key does', () => {
    expect(['claim', 'sign_for', 'accept', 'pass_on', 'close'].every(isQuick)).toBe(true)
    expect(['decline', 'dispatch', 'reply', 'request_suspension', 'call_back'].some(isQuick)).toBe(false)
  })

  it('asks for what is needed, and only then', () => {
    expect(missing(formOf('call_back'), {})).toEqual(['reached'])
    expect(missing(formOf('call_back'), { reached: true })).toEqual(['satisfied'])
    expect(missing(formOf('call_back'), { reached: false })).toEqual([])
    expect(missing(formOf('answer_verification'), { outcome: 'failed' })).toEqual(['opinion'])
    expect(missing(formOf('split'), { shares: [{ department: 1, level: 'city', task: '' }, { department: null, level: 'city', task: '' }] })).toEqual(['shares'])
    expect(missing(formOf('decline'), { reason: ' ' })).toEqual(['reason'])
  })

  it('sends the fields of the step, without what is empty', () => {
    expect(stepBody('dispatch', { department: 3, assisting: [], opinion: '' }, view)).toEqual({ step: 'dispatch', department: 3 })
    expect(stepBody('call_back', { reached: false, satisfied: true, remark: ' 无人接听 ' }, view)).toEqual({ step: 'call_back', reached: false, remark: '无人接听' })
    const photo = (type: string) => ({ id: 'a', file: new File([''], 'x', { type }), preview: '', state: 'sent', progress: 1, attachmentId: `${type}-id` })
    expect(stepBody('reply', { text: '已修复', evidence: [photo('image/png'), photo('video/mp4')] }, view).evidence).toEqual([{ attachment: 'image/png-id', kind: 'after' }, { attachment: 'video/mp4-id', kind: 'video' }])
  })

  it('sends only what a correction changes', () => {
    const values = { ...initialValues(formOf('correct'), view), urgent: true }
    expect(stepBody('correct', values, view)).toEqual({ step: 'correct', urgent: true })
    expect(initialValues(formOf('take_back'), view)).toEqual({ approval: 'extension' })
  })
})

describe('the story', () => {
  it('has a sentence for every fact, in both languages', () => {
    const names = [...rust('case/src/fact.rs').matchAll(/=> "(\w+)"/g)].map((match) => match[1] ?? '')
    expect(names.length).toBeGreaterThan(50)
    for (const messages of [zh, en]) {
      const words = (messages.case as { fact: Record<string, string> }).fact
      expect(names.filter((name) => !words[name])).toEqual([])
    }
  })

  it('says who got it and how long they have', () => {
    expect(factWords(fact('dispatched', { department: 3 }, { names: { department: { zh: '排水公司', en: 'Drainage' } } }))).toBe('派遣给排水公司')
    expect(factWords(fact('filed', { standard: { criterion_text: '井盖缺失', limit: { hundredths: 400, unit: 'work_hour' } } }))).toBe('立案，处置时限 4 工作时')
    expect(factWords(fact('approval_answered', { approval: 'return', approved: false, last: true }))).toBe('回退被驳回')
    expect(factWords(fact('sent_back', { from: 'filed' }))).toBe('从“已立案”退回')
    expect(factWords(fact('split'))).toContain('拆分派遣')
    expect(factWords(fact('something_new'))).toBe('something_new')
  })

  it('carries loops, tones and what was said', () => {
    const [entry] = story([fact('verification_answered', { outcome: 'failed', opinion: '未清理干净' }, { depth: 1, took_ms: 60_000 })], '7')
    expect(entry).toMatchObject({ what: '核查不通过', said: '未清理干净', tone: 'bad', depth: 1, tookMs: 60_000 })
  })
})

describe('filters', () => {
  it('are read from both ways of writing several values', () => {
    expect(readFilters({ stage: 'filed,closed', light: ['red', 'yellow'], overdue: 'true', case: '7', q: 'a,b' })).toEqual({ q: ['a,b'], stage: ['filed', 'closed'], light: ['red', 'yellow'], overdue: ['true'] })
  })
  it('go to the API repeated, and into the URL once', () => {
    const filters = readFilters({ stage: 'filed,closed', urgent: 'true' })
    expect(queryString(apiQuery(filters))).toBe('stage=filed&stage=closed&urgent=true')
    expect(writeFilters(filters)).toEqual({ stage: 'filed,closed', urgent: 'true' })
    expect(setKeys({ ...filters, queue: ['to_file'], sort: ['due'] })).toEqual(['stage', 'urgent'])
  })
  it('are the filters the server knows', () => {
    const source = rust('app/src/list_query.rs')
    const known = [...source.slice(source.indexOf('pub struct ListQuery'), source.indexOf('/// A list question as')).matchAll(/pub (\w+):/g)].map((match) => match[1])
    const ours = Object.keys(apiQuery(readFilters(Object.fromEntries([...known, 'case', 'group'].map((key) => [key as string, '1'])))))
    expect(ours.filter((key) => !known.includes(key))).toEqual([])
  })
})
