SELECT DISTINCT c.extern_id, c.email
FROM lapsed c
INNER JOIN members p ON c.email_sha256 = p.email_sha256
