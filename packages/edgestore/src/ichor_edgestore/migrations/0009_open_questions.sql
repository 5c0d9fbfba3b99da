-- release 1
-- How many questions are open, and since when, is asked every few seconds.
CREATE INDEX IF NOT EXISTS questions_open_index ON workflow.questions (created_date) WHERE state = 'open';
