"""What a report shows of a challenger and only the rows can tell: pictures as numbers, bounded."""
