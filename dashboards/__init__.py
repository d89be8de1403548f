"""The Streamlit app: reads the store, computes in its own process, acts through the HTTP API."""
