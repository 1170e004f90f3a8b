import platform
print(platform.uname())
