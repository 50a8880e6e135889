export { answerAll } from './answers.ts';
export { type Conversation, terminalConversation } from './conversation.ts';
export { draftConfig } from './draft.ts';
export { type Answers, defaultAnswerOf, questions } from './questions.ts';
