"""`zorgid identity`: whether what a person shows is believed."""
