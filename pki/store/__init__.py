"""The only place that speaks SQL: schema, migrations, journal, engines. It knows no rules."""
