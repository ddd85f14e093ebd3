SELECT DISTINCT c.extern_id, c.email, c.phone, c.country
FROM loyal c
INNER JOIN members p ON c.email_sha256 = p.email_sha256
WHERE p.member_since >= :since
