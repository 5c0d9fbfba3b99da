"""What every program of the engine needs: settings, connections, logs, health, an orderly stop."""
