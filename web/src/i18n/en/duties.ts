/** The left rail: what a person does, not what a module is called. */
export default {
  my_work: 'My work',
  map: 'Map',
  cases: 'Cases',
  things: 'Things',
  monitoring: 'Monitoring',
  evaluation: 'Evaluation',
  administration: 'Administration',
}
