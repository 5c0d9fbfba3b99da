FROM scratch
COPY uv /uv
ENTRYPOINT ["/uv"]
