"""How what people do reaches the app: https://docs.slack.dev/apis/events-api"""
